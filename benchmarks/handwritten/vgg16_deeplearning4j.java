import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.nn.weights.WeightInit;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Sgd;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * One full training step of VGG16 in Deeplearning4j 1.0.0-M2.1, written as its users write it.
 *
 * <p>java_program.py vgg16_deeplearning4j --batch-size 4 --steps 5
 *
 * <p>Writes JSON: the seconds of every step, the first ones (warm-up) apart.
 */
class Vgg16 {
    static final int[] FILTERS = {64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0,
            512, 512, 512, 0};

    static MultiLayerConfiguration configure() {
        NeuralNetConfiguration.ListBuilder layers = new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Sgd(0.01))
                .weightInit(WeightInit.RELU)
                .activation(Activation.RELU)
                .convolutionMode(ConvolutionMode.Same)
                .list();
        for (int filters : FILTERS) {
            layers.layer(filters == 0
                    ? new SubsamplingLayer.Builder(PoolingType.MAX, new int[] {2, 2}).build()
                    : new ConvolutionLayer.Builder(3, 3).nOut(filters).build());
        }
        return layers
                .layer(new DenseLayer.Builder().nOut(4096).build())
                .layer(new DenseLayer.Builder().nOut(4096).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT).nOut(1000)
                        .activation(Activation.SOFTMAX).build())
                .setInputType(InputType.convolutional(224, 224, 3))
                .build();
    }

    static List<DataSet> makeBatches(int size) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            INDArray labels = Nd4j.zeros(size, 1000);
            for (int row = 0; row < size; row++) {
                labels.putScalar(row, Nd4j.getRandom().nextInt(1000), 1);
            }
            batches.add(new DataSet(Nd4j.rand(size, 3, 224, 224), labels));
        }
        return batches;
    }

    public static void main(String[] args) throws Exception {
        Epochs options = Epochs.read(args, 0);
        int warmup = options.number("warmup", 2);
        double[] seconds = new double[warmup + options.steps];
        MultiLayerNetwork network = new MultiLayerNetwork(configure());
        network.init();
        List<DataSet> batches = makeBatches(options.number("batch-size", 16));
        for (int number = 0; number < seconds.length; number++) {
            long start = System.nanoTime();
            network.fit(batches.get(number % batches.size()));
            seconds[number] = (System.nanoTime() - start) / 1e9;
            options.passOn();
        }
        String row = "{\"warmup_seconds\": %s, \"step_seconds\": %s, \"loss\": %.6f}\n";
        String said = String.format(Locale.ROOT, row,
                Arrays.toString(Arrays.copyOf(seconds, warmup)),
                Arrays.toString(Arrays.copyOfRange(seconds, warmup, seconds.length)),
                network.score());
        Files.writeString(Path.of(options.text("output", "/dev/stdout")), said);
    }
}
