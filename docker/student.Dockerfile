# A student's server: JupyterLab, the student's wheel and the exchange's client. It has no reference solution of a module that
# students build, no hidden test, no staff command and no compiler. `tito image build` stages the context.
ARG BASE_IMAGE=tinytorch-hub/base:bookworm
ARG PACKAGES_IMAGE=tinytorch-hub/packages

FROM ${PACKAGES_IMAGE} AS build
COPY wheels/ /build/wheels/
COPY etc/ /build/etc/
RUN uv pip install --quiet --offline --python /opt/tinytorch/bin/python --prefix /build/course --no-deps /build/wheels/*.whl \
 && /opt/tinytorch/bin/python -m compileall -q -s /build/course -p /opt/tinytorch /build/course/lib \
 && rm -f /build/course/.lock \
 && /opt/tinytorch/bin/python -m compileall -q -s /build/etc -p /etc/jupyter /build/etc

FROM ${BASE_IMAGE}
# These two steps are the same in student, staff and hub, which therefore share a layer of 450 MB.
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends python3 ca-certificates tini >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/*
COPY --from=build /layers/student /opt/tinytorch
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends bash-completion less nano >/dev/null \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old /var/log/* /usr/share/doc/* /usr/share/man/* \
 && useradd --create-home --uid 1000 --shell /bin/bash jovyan
# The course changes more often than the packages, so it has its own layer.
COPY --from=build /build/course /opt/tinytorch
COPY --from=build /build/etc /etc/jupyter
ENV PATH=/opt/tinytorch/bin:/usr/local/bin:/usr/bin:/bin VIRTUAL_ENV=/opt/tinytorch LANG=C.UTF-8 \
    HOME=/home/jovyan TINYTORCH_HOME=/home/jovyan/tinytorch SERVER_KIND=student SHELL=/bin/bash \
    JUPYTER_CONFIG_PATH=/etc/jupyter/student:/etc/jupyter JUPYTER_PREFER_ENV_PATH=0 PYTHONDONTWRITEBYTECODE=1
USER jovyan
WORKDIR /home/jovyan
EXPOSE 8888
ENTRYPOINT ["tini", "-g", "--"]
CMD ["python", "/etc/jupyter/launch.py"]
