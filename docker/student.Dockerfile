# A student's server: JupyterLab, the student's wheel and the exchange's client. No reference solution of a module to be
# built, no hidden test, no staff command, no compiler. `tito image build` stages the context.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm

FROM ${BASE_IMAGE} AS python
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 ca-certificates tini bash-completion less nano >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*

FROM python AS build
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
# ca.crt is this machine's own bundle of certificate authorities, for places that reach packages through a proxy.
COPY ca.crt bootstrap.lock packages.lock trim.sh /build/
ENV PIP_CERT=/build/ca.crt SSL_CERT_FILE=/build/ca.crt PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python3 -m venv /build/uv && /build/uv/bin/pip install --quiet --require-hashes -r /build/bootstrap.lock
RUN /build/uv/bin/uv venv --quiet --python /usr/bin/python3 /opt/tinytorch \
 && /build/uv/bin/uv pip sync --quiet --python /opt/tinytorch/bin/python --require-hashes --link-mode copy /build/packages.lock \
 && sh /build/trim.sh /opt/tinytorch \
 && /opt/tinytorch/bin/python -m compileall -q -j 2 /opt/tinytorch/lib
# The course changes more often than the packages: it is a layer of its own.
COPY wheels/ /build/wheels/
RUN /build/uv/bin/uv pip install --quiet --python /opt/tinytorch/bin/python --prefix /build/course --no-deps --link-mode copy /build/wheels/*.whl \
 && /opt/tinytorch/bin/python -m compileall -q -s /build/course -p /opt/tinytorch /build/course/lib \
 && rm -f /opt/tinytorch/.lock /build/course/.lock

FROM python
RUN useradd --create-home --uid 1000 --shell /bin/bash jovyan
COPY --from=build /opt/tinytorch /opt/tinytorch
COPY --from=build /build/course /opt/tinytorch
COPY etc/ /etc/jupyter/
ENV PATH=/opt/tinytorch/bin:/usr/local/bin:/usr/bin:/bin VIRTUAL_ENV=/opt/tinytorch LANG=C.UTF-8 \
    HOME=/home/jovyan TINYTORCH_HOME=/home/jovyan/tinytorch SERVER_KIND=student SHELL=/bin/bash \
    JUPYTER_CONFIG_PATH=/etc/jupyter/student:/etc/jupyter JUPYTER_PREFER_ENV_PATH=0 PYTHONDONTWRITEBYTECODE=1
USER jovyan
WORKDIR /home/jovyan
EXPOSE 8888
ENTRYPOINT ["tini", "-g", "--"]
CMD ["python", "/etc/jupyter/launch.py"]
