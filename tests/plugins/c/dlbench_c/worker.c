/* A worker in C: worker IN OUT DATA.  It does jobs of dense layers on synthetic rows, with exact
 * numbers of steps; any other it answers with "unsupported". */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "json.h"
#include "twister.h"
#include "network.h"
#include "task.h"

#define CLOCK "clock_gettime(CLOCK_MONOTONIC)"

static struct { const char *name, *kind, *unit; double values[4096]; int count, block; } phases[16];
static const char *out;
static char job[1 << 20], audit[256];
static double started;
static int steps;
static volatile sig_atomic_t ended_by;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

static FILE *open_out(const char *name, const char *mode)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", out, name);
    return fopen(path, mode);
}

static void emit(const char *event, const char *name)
{
    FILE *events = open_out("events.jsonl", "a");
    fprintf(events, "{\"event\": \"%s\", \"name\": \"%s\", \"seconds\": %.9f}\n",
            event, name, now() - started);
    fclose(events);
}

/* Keep one more value of a phase; `block` is how many steps it stands for, if not one. */
static void record(const char *name, const char *kind, const char *unit, double value, int block)
{
    int at = 0;
    while (phases[at].name && strcmp(phases[at].name, name)) at++;
    phases[at].name = name, phases[at].kind = kind, phases[at].unit = unit;
    phases[at].block = block;
    phases[at].values[phases[at].count++] = value;
}

static void write_phases(FILE *file)
{
    for (int at = 0; phases[at].name; at++) {
        fprintf(file, "%s{\"name\": \"%s\", \"kind\": \"%s\", \"unit\": \"%s\", ",
                at ? ", " : "", phases[at].name, phases[at].kind, phases[at].unit);
        if (*phases[at].unit == 's') fprintf(file, "\"clock\": \"" CLOCK "\", ");
        if (phases[at].block) fprintf(file, "\"count\": %d, ", phases[at].block);
        for (int i = 0; i < phases[at].count; i++) {
            double value = phases[at].values[i];
            const char *form = isfinite(value) ? "%s%.17g" : isnan(value) ? "%s\"nan\"" : "%s\"inf\"";
            fprintf(file, form, i ? ", " : "\"values\": [", value);
        }
        fprintf(file, "]}");
    }
}

/* Write the result and end; `more` has the keys that only this end has. */
static void finish(const char *status, const char *more)
{
    const char *active = "{\"threads\": 1, \"precision\": [\"float32\"]}";
    int count = 0, rest = batch ? items % batch : 0;
    for (struct layer *one = layers; one <= last; one++) count += (one->in + 1) * one->out;
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    record("peak_memory", "once", "bytes", 1024.0 * usage.ru_maxrss, 0);
    double first = now(), second;
    while ((second = now()) == first) {}
    FILE *file = open_out("result.json.part", "w");
    fprintf(file, "{\"protocol\": 1, \"status\": \"%s\", %s\"versions\": {\"c\": \"1.0\", \"compiler\": \"%s\"}, "
            "\"settings\": {\"built\": %s, \"finished\": %s}, \"parameter_count\": %d, "
            "\"dropped_items\": %d, \"padded_items\": %d, \"audit\": {%s}, "
            "\"clock\": {\"name\": \"" CLOCK "\", \"resolution_seconds\": %g}, \"phases\": [",
            status, more, __VERSION__, active, active, count,
            rest, rest ? batch - rest : 0, audit, second - first);
    write_phases(file);
    fprintf(file, "]}");
    fclose(file);
    char from[4096], to[4096];
    snprintf(from, sizeof from, "%s/result.json.part", out);
    snprintf(to, sizeof to, "%s/result.json", out);
    rename(from, to);
    emit("end", status);
    exit(0);
}

static void require(int holds, const char *reason)
{
    char more[256];
    snprintf(more, sizeof more, "\"reason\": \"%s\", ", reason);
    if (!holds) finish("unsupported", more);
}

static void interrupt(int number) { ended_by = number; }

static int trials(const char *block)
{
    char path[64];
    snprintf(path, sizeof path, "plan.%s.at_most", block);
    int most = number(job, path);
    snprintf(path, sizeof path, "plan.%s.at_least", block);
    require(most == number(job, path) && most < 2000, "this worker does exact numbers of trials");
    return most;
}

static double step(void)
{
    int from = steps++ % (items / batch) * batch;
    return train(rows + from * layers->in, labels + from, rate);
}

static void time_steps(const char *name, int count)
{
    emit("phase", name);
    for (int i = 0; i < count && !ended_by; i++) {
        double start = now(), loss = step(), seconds = now() - start;
        if (steps == 1) record("first_step", "once", "s", seconds, 0);
        record(name, "each", "s", seconds, 0);
        record("loss", "each", "1", loss, 0);
    }
}

static void time_pipelined(int count)
{
    if (!count) return;
    emit("phase", "pipelined");
    double loss = 0, start = now();
    for (int i = 0; i < count && !ended_by; i++) loss = step();
    double seconds = now() - start;
    if (ended_by) return;
    record("pipelined", "block", "s", seconds, count);
    record("loss", "each", "1", loss, 0);
}

static void time_predictions(int passes)
{
    if (!passes) return;
    emit("phase", "predict");
    double start = now();
    predict(test_rows);
    record("first_predict", "once", "s", now() - start, 0);
    record("predict_items", "once", "item", items, 0);
    for (int i = 0; i < passes && !ended_by; i++) {
        start = now();
        for (int n = 0; n < items; n += batch) predict(test_rows + n * layers->in);
        record("predict", "each", "s", now() - start, 0);
    }
}

/* Find out whether every kernel has left its initial values, and whether losses are numbers. */
static void examine(uint32_t seed)
{
    int changed = 1, finite = 1;
    for (struct layer *one = layers; one <= last; one++) {
        float *kernel = calloc(one->in * one->out, sizeof(float));
        draw_kernel(one, kernel, seed);
        changed &= !!memcmp(kernel, one->kernel, one->in * one->out * sizeof(float));
        for (int j = 0; j < one->out; j++) finite &= !!isfinite(one->bias[j]);
    }
    snprintf(audit, sizeof audit, "\"weights_changed\": {\"passed\": %s}",
             changed && finite ? "true" : "false");
}

int main(int count, char **folders)
{
    char path[4096];
    if (count != 4) return 2;
    signal(SIGTERM, interrupt), signal(SIGINT, interrupt);
    started = now(), out = folders[2];
    snprintf(path, sizeof path, "%s/job.json", folders[1]);
    FILE *file = fopen(path, "r");
    if (!file || !fread(job, 1, sizeof job - 1, file)) return 1;
    require(number(job, "protocol") == 1, "this worker speaks protocol 1");
    require(is(job, "parity", "null"), "this worker has no probes");
    require(!number(job, "plan.epochs"), "this worker trains no epochs");
    read_task(job);
    uint32_t seed = number(job, "settings.seed");
    int warm = trials("warmup"), single = trials("stepwise"), joined = trials("pipelined");
    int passes = trials("predict");
    emit("phase", "build");
    double start = now();
    build(job);
    record("build", "once", "s", now() - start, 0);
    for (struct layer *one = layers; one <= last; one++) draw_kernel(one, one->kernel, seed);
    make_data(seed);
    time_steps("warmup", warm);
    time_steps("step", single);
    time_pipelined(joined);
    time_predictions(passes);
    if (ended_by) finish("failed", "\"failure\": {\"type\": \"Interrupted\", "
                         "\"message\": \"ended by a signal\"}, ");
    examine(seed);
    char more[64];
    snprintf(more, sizeof more, "\"warmup\": {\"steps\": %d, \"reason\": \"exact\"}, ", warm);
    finish("ok", more);
}
