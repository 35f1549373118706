# CNTK 2.0 on CUDA 8.0, the release of mid 2017; its wheel and Open MPI 1.10 have to be brought.
# Defined, never built here: README.md beside this file says what is needed.
FROM nvidia/cuda:8.0-cudnn5-devel-ubuntu14.04 AS system
COPY check-base /opt/dlbench/check-base
# The release is frozen: what its archive has is the last there will be.
# hadolint ignore=DL3008
RUN /opt/dlbench/check-base \
    && apt-get update \
    && apt-get install -y --no-install-recommends libgomp1 python2.7 \
    && rm -rf /var/lib/apt/lists/*

FROM system AS build
WORKDIR /build
COPY cntk.requirements.txt wheels ./
# Its Python (2.7.6) cannot tell a host which name it wants while it connects: files lie in a folder.
RUN python2.7 pip-20.3.4-py2.py3-none-any.whl/pip install --no-cache-dir --no-compile --no-deps \
        --no-index --find-links . --no-build-isolation --require-hashes -r cntk.requirements.txt \
    && python2.7 -m compileall -q /usr/local/lib/python2.7
# Nobody's hash of this wheel is known here: it is yours to check.
RUN python2.7 pip-20.3.4-py2.py3-none-any.whl/pip install --no-cache-dir --no-deps --no-index \
        cntk-2.0-cp27-cp27mu-linux_x86_64.whl
# The wheel is linked against libmpi.so.12, which the release has no package of.
WORKDIR /build/openmpi
RUN tar --extract --strip-components=1 --file ../openmpi-1.10.3.tar.gz \
    && ./configure --prefix=/usr/local/openmpi \
    && make install

FROM system
COPY --from=build /usr/local/openmpi /usr/local/openmpi
COPY --from=build /usr/local/lib/python2.7 /usr/local/lib/python2.7
COPY cntk.requirements.txt /opt/dlbench/requirements.txt
# Any user id may run it: a home and a name that need no entry in /etc/passwd.
ENV HOME=/tmp LANG=C.UTF-8 LOGNAME=dlbench PYTHONDONTWRITEBYTECODE=1 USER=dlbench \
    LD_LIBRARY_PATH=/usr/local/openmpi/lib:/usr/local/nvidia/lib:/usr/local/nvidia/lib64
