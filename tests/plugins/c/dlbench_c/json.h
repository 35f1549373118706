/* Values of a JSON text by their path, "task.layers.0.kind"; a worker may well use a library. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *text) { return text + strspn(text, " \t\r\n"); }

static const char *skip_value(const char *text)
{
    int depth = 0;
    do {
        text = skip_blanks(text);
        if (*text == '"') {
            for (text++; *text && *text != '"'; text++) text += *text == '\\';
            text++;
        } else if (memchr("[{", *text, 2)) depth++, text++;
        else if (memchr("]}", *text, 2)) depth--, text++;
        else if (memchr(",:", *text, 2)) text++;
        else text += strcspn(text, ",:]} \t\r\n");
    } while (depth > 0 && *text);
    return text;
}

/* Return where the value of `path` begins, NULL where there is none. */
static const char *find(const char *text, const char *path)
{
    size_t length = strcspn(path, ".");
    int in_list = isdigit(*path), place = atoi(path), here;
    if (!length) return text;
    if (!text || !memchr("[{", *text, 2)) return NULL;
    do {
        text = skip_blanks(text + 1);
        if (memchr("]}", *text, 2)) return NULL;
        if (in_list) here = !place--;
        else {
            const char *key = text + 1;
            text = skip_value(text);
            here = (size_t)(text - key) == length + 1 && !strncmp(key, path, length);
            text = skip_blanks(skip_blanks(text) + 1);
        }
        if (here) return find(text, path + length + (path[length] == '.'));
        text = skip_blanks(skip_value(text));
    } while (*text == ',');
    return NULL;
}

static int is(const char *text, const char *path, const char *value)
{
    const char *found = find(text, path);
    return found && !strncmp(found, value, strlen(value));
}

/* Return the number at `path`; 0 where there is none. */
static double number(const char *text, const char *path)
{
    const char *found = find(text, path);
    return found ? atof(found) : 0;
}
