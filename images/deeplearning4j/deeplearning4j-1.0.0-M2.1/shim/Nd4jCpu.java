package org.nd4j.nativeblas;

/**
 * Answers under the name by which Deeplearning4j 1.0.0-M2.1 asks ND4J whether oneDNN may be used.
 *
 * <p>ND4J has moved the class and renamed the method, so the question fails and the helpers of
 * convolutions are never loaded, whatever is set.
 */
public final class Nd4jCpu {
    private Nd4jCpu() {}

    /** The settings of the native library, as they were called. */
    public static final class Environment {
        private static final Environment ONLY = new Environment();

        private Environment() {}

        /** Returns the one there is. */
        public static Environment getInstance() {
            return ONLY;
        }

        /** Returns what the native library says under the method's new name. */
        public boolean isUseMKLDNN() {
            return org.nd4j.linalg.cpu.nativecpu.bindings.Nd4jCpu.Environment.getInstance()
                    .isUseONEDNN();
        }
    }
}
