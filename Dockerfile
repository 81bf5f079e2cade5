# The router in a container. It drives an Asterisk that runs elsewhere (asterisk-conf/), through
# the settings mounted at /etc/allo/allo.toml; espeak-ng and sox render the prompts.
#
#   docker build --tag allo .
#   docker run --volume ./allo.toml:/etc/allo/allo.toml:ro --publish 127.0.0.1:8039:8039 allo
ARG BASE=debian:forky

FROM ${BASE} AS packages
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates python3-venv
COPY pyproject.toml requirements.lock /build/
WORKDIR /build
# What the service needs at run time, at the versions that the tests ran with.
RUN python3 -m venv /opt/allo/venv \
    && python3 -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"], sep="\n")' >runtime.txt \
    && /opt/allo/venv/bin/pip install --no-cache-dir --only-binary :all: \
        --constraint requirements.lock --requirement runtime.txt \
    && /opt/allo/venv/bin/pip uninstall --yes pip

FROM ${BASE}
ARG DEBIAN_FRONTEND=noninteractive
RUN apt-get update \
    && apt-get install --yes --no-install-recommends espeak-ng libsox-fmt-base passwd python3 sox \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 970 --home-dir /var/lib/allo --create-home allo \
    && install -d -o allo /opt/allo/.allo
COPY --from=packages /opt/allo/venv /opt/allo/venv
COPY LICENSE /opt/allo/LICENSE
COPY asterisk-conf /opt/allo/asterisk-conf
COPY prompts /opt/allo/prompts
COPY router /opt/allo/router
RUN python3 -m compileall -q /opt/allo/router
ENV PATH=/opt/allo/venv/bin:/usr/local/bin:/usr/bin:/bin PYTHONPATH=/opt/allo PYTHONUNBUFFERED=1
# By number, so that Kubernetes can see that it is not root.
USER 970
WORKDIR /var/lib/allo
EXPOSE 8039
# The router stops taking work and leaves calls to Asterisk on SIGTERM.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8039/healthz', timeout=2)"]
ENTRYPOINT ["python", "-P", "-m", "router.cli"]
CMD ["run", "--config", "/etc/allo/allo.toml"]
