import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What the programs that train whole epochs share: their options, and what they say of each epoch.
 *
 * <p>This is the benchmark's part of them, none that a user would write: it is not among their source
 * lines. The options are --data FOLDER, --epochs N, --steps N (at most so many an epoch), --turns
 * (epoch by epoch with a rival), --output FILE (all epochs as JSON), and a program's own.
 */
final class Epochs {
    final String data;
    final int count;
    final int steps;

    private final Map<String, String> given = new HashMap<>();
    private final List<String> said = new ArrayList<>();

    private Epochs(String[] words, int epochs) {
        for (int i = 0; i < words.length; i++) {
            boolean flag = words[i].equals("--turns");
            given.put(words[i].substring(2), flag ? "yes" : words[++i]);
        }
        data = given.get("data");
        count = number("epochs", epochs);
        steps = number("steps", Integer.MAX_VALUE);
    }

    /** Reads the command line; without --epochs there are {@code epochs}. */
    static Epochs read(String[] words, int epochs) {
        return new Epochs(words, epochs);
    }

    /** Returns an option that is a number. */
    int number(String name, int otherwise) {
        return Integer.parseInt(text(name, Integer.toString(otherwise)));
    }

    /** Returns an option. */
    String text(String name, String otherwise) {
        return given.getOrDefault(name, otherwise);
    }

    /** Prints an epoch's training seconds, last loss and test accuracy; lets a rival do its own. */
    void report(double seconds, double loss, double accuracy) throws IOException {
        String row = "{\"seconds\": %.6f, \"loss\": %.6f, \"accuracy\": %.4f}";
        said.add(String.format(Locale.ROOT, row, seconds, loss, accuracy));
        System.out.println("epoch " + said.size() + ": " + said.get(said.size() - 1));
        if (given.containsKey("output")) {
            String all = "{\"epochs\": [" + String.join(", ", said) + "]}\n";
            Files.writeString(Path.of(given.get("output")), all);
        }
        passOn();
    }

    /** Lets a rival do its own, where there is one. */
    void passOn() throws IOException {
        if (given.containsKey("turns")) {
            Turns.passOn();
        }
    }
}
