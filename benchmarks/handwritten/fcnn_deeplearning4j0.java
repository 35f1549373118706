import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.deeplearning4j.eval.Evaluation;
import org.deeplearning4j.nn.api.OptimizationAlgorithm;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.Updater;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Fully connected networks on MNIST in Deeplearning4j 0.4, written as its users wrote it in 2016.
 *
 * <p>java_program.py fcnn_deeplearning4j0 --data FOLDER [--depth 4 --activation tanh] [--width 1024]
 */
class Fcnn {
    static final int BATCH = 128;
    static final int PIXELS = 784;

    /** One part of the data set: an image is a row. */
    static class Part {
        final byte[] images;
        final int[] labels;
        final List<Integer> order = new ArrayList<>();

        Part(String folder, String name) throws IOException {
            ByteBuffer read = open(folder, name + "_labels.npy");
            labels = new int[read.remaining() / 4];
            read.asIntBuffer().get(labels);
            images = new byte[labels.length * PIXELS];
            open(folder, name + "_images.npy").get(images);
            for (int i = 0; i < labels.length; i++) {
                order.add(i);
            }
        }

        /** Opens a .npy file behind its header, whose length is its ninth and tenth byte. */
        static ByteBuffer open(String folder, String name) throws IOException {
            byte[] all = Files.readAllBytes(new File(folder, name).toPath());
            ByteBuffer buffer = ByteBuffer.wrap(all).order(ByteOrder.LITTLE_ENDIAN);
            buffer.position(10 + buffer.getShort(8));
            return buffer.slice().order(ByteOrder.LITTLE_ENDIAN);
        }

        List<DataSet> split(int items) {
            List<DataSet> batches = new ArrayList<>();
            for (int from = 0; from < items; from += BATCH) {
                int size = Math.min(BATCH, items - from);
                float[] x = new float[size * PIXELS];
                float[] y = new float[size * 10];
                for (int row = 0; row < size; row++) {
                    int item = order.get(from + row);
                    for (int i = 0; i < PIXELS; i++) {
                        x[row * PIXELS + i] = (images[item * PIXELS + i] & 255) / 255f;
                    }
                    y[row * 10 + labels[item]] = 1;
                }
                batches.add(new DataSet(Nd4j.create(x, new int[] {size, PIXELS}),
                        Nd4j.create(y, new int[] {size, 10})));
            }
            return batches;
        }
    }

    static MultiLayerNetwork build(int depth, int width, String activation) {
        NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder()
                .seed(1)
                .iterations(1)
                .optimizationAlgo(OptimizationAlgorithm.STOCHASTIC_GRADIENT_DESCENT)
                .learningRate(0.1)
                .updater(Updater.SGD)
                .weightInit(WeightInit.XAVIER)
                .activation(activation)
                .list(depth + 1);
        int inputs = PIXELS;
        for (int i = 0; i < depth; i++) {
            layers.layer(i, new DenseLayer.Builder().nIn(inputs).nOut(width).build());
            inputs = width;
        }
        layers.layer(depth, new OutputLayer.Builder(LossFunction.MCXENT)
                .nIn(inputs).nOut(10).activation("softmax").build());
        MultiLayerNetwork network =
                new MultiLayerNetwork(layers.pretrain(false).backprop(true).build());
        network.init();
        return network;
    }

    public static void main(String[] args) throws Exception {
        Epochs options = Epochs.read(args, 10);
        Part train = new Part(options.data, "train");
        Part test = new Part(options.data, "test");
        MultiLayerNetwork network = build(options.number("depth", 2),
                options.number("width", 100), options.text("activation", "relu"));
        int steps = Math.min(options.steps, train.labels.length / BATCH);
        Random random = new Random(1);
        for (int epoch = 0; epoch < options.count; epoch++) {
            Collections.shuffle(train.order, random);
            List<DataSet> batches = train.split(steps * BATCH);
            long start = System.nanoTime();
            for (DataSet batch : batches) {
                network.fit(batch);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            double loss = network.score();
            Evaluation<Integer> evaluation = new Evaluation<>(10);
            for (DataSet batch : test.split(test.labels.length)) {
                evaluation.eval(batch.getLabels(), network.output(batch.getFeatureMatrix()));
            }
            options.report(seconds, loss, evaluation.accuracy());
        }
    }
}
