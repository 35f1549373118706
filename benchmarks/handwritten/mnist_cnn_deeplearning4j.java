import java.io.File;
import java.util.ArrayList;
import java.util.List;
import org.deeplearning4j.nn.conf.MultiLayerConfiguration;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.AdaDelta;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.nd4j.linalg.util.FeatureUtil;

/**
 * Two convolutions and two dense layers on MNIST in Deeplearning4j 1.0.0-M2.1, as users write it.
 *
 * <p>java_program.py mnist_cnn_deeplearning4j --data FOLDER [--epochs 12]
 */
class MnistCnn {
    static final int BATCH = 128;

    static DataSet load(String folder, String part) {
        INDArray images = Nd4j.createFromNpyFile(new File(folder, part + "_images.npy"));
        INDArray labels = Nd4j.createFromNpyFile(new File(folder, part + "_labels.npy"));
        images = images.castTo(DataType.FLOAT).divi(255).reshape(images.size(0), 1, 28, 28);
        return new DataSet(images, FeatureUtil.toOutcomeMatrix(labels.toIntVector(), 10));
    }

    static List<DataSet> split(DataSet data, int items) {
        List<DataSet> batches = new ArrayList<>();
        for (int i = 0; i < items; i += BATCH) {
            batches.add((DataSet) data.getRange(i, Math.min(i + BATCH, items)));
        }
        return batches;
    }

    static MultiLayerConfiguration configure() {
        return new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new AdaDelta(0.95, 1e-8))
                .activation(Activation.RELU)
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(32).build())
                .layer(new ConvolutionLayer.Builder(3, 3).nOut(64).build())
                .layer(new SubsamplingLayer.Builder(PoolingType.MAX, new int[] {2, 2}).build())
                .layer(new DenseLayer.Builder().nOut(128).dropOut(0.75).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT).nOut(10)
                        .activation(Activation.SOFTMAX).dropOut(0.5).build())
                .setInputType(InputType.convolutional(28, 28, 1))
                .build();
    }

    public static void main(String[] args) throws Exception {
        Epochs options = Epochs.read(args, 12);
        DataSet train = load(options.data, "train");
        DataSet test = load(options.data, "test");
        MultiLayerNetwork network = new MultiLayerNetwork(configure());
        network.init();
        int steps = Math.min(options.steps, train.numExamples() / BATCH);
        for (int epoch = 0; epoch < options.count; epoch++) {
            train.shuffle();
            List<DataSet> batches = split(train, steps * BATCH);
            long start = System.nanoTime();
            for (DataSet batch : batches) {
                network.fit(batch);
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            double loss = network.score();
            Evaluation evaluation = new Evaluation(10);
            for (DataSet batch : split(test, test.numExamples())) {
                evaluation.eval(batch.getLabels(), network.output(batch.getFeatures()));
            }
            options.report(seconds, loss, evaluation.accuracy());
        }
    }
}
