# Keras 1.2.2 on TensorFlow 1.0.0 and on Theano 0.9.0, on CUDA 8.0.
# Defined, never built here: README.md beside this file says what is needed.
FROM nvidia/cuda:8.0-cudnn5-devel-ubuntu14.04 AS system
COPY check-base /opt/dlbench/check-base
# The release is frozen: what its archive has is the last there will be.
# hadolint ignore=DL3008
RUN /opt/dlbench/check-base \
    && apt-get update \
    && apt-get install -y --no-install-recommends g++ libgomp1 python2.7 python2.7-dev \
    && rm -rf /var/lib/apt/lists/*

FROM system AS build
WORKDIR /build
COPY keras.requirements.txt wheels ./
# Its Python (2.7.6) cannot tell a host which name it wants while it connects: files lie in a folder.
# Sources are built by setuptools, which has to be there before.
RUN sed -n '/^\(setuptools\|wheel\)==/,/[^\\]$/p' keras.requirements.txt > tools.txt \
    && for list in tools.txt keras.requirements.txt; do \
        python2.7 pip-20.3.4-py2.py3-none-any.whl/pip install --no-cache-dir --no-compile --no-deps \
            --no-index --find-links . --no-build-isolation --require-hashes -r $list || exit 1; \
    done \
    && python2.7 -m compileall -q /usr/local/lib/python2.7

FROM system
COPY --from=build /usr/local/lib/python2.7 /usr/local/lib/python2.7
COPY keras.requirements.txt /opt/dlbench/requirements.txt
# Any user id may run it: a home and a name that need no entry in /etc/passwd.
ENV HOME=/tmp LANG=C.UTF-8 LOGNAME=dlbench PYTHONDONTWRITEBYTECODE=1 USER=dlbench \
    THEANO_FLAGS=device=gpu,floatX=float32,base_compiledir=/tmp/theano
