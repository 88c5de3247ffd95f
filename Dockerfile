# A worker's image: the locked packages and the wheel, no Java, no compiler, no root.
FROM python:3.11.11-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/barometer \
    && /opt/barometer/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE jgo.toml jgo.lock.toml ./
COPY agents agents
COPY topics topics
COPY models models
COPY monitoring monitoring
# The wheel, as anybody else would install it; every package that it needs is there already.
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /dist . \
    && /opt/barometer/bin/pip install --no-cache-dir --no-deps --no-index /dist/*.whl \
    && /opt/barometer/bin/pip check \
    && /opt/barometer/bin/barometer --version

FROM python:3.11.11-slim-bookworm
RUN groupadd --system --gid 10001 barometer \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/barometer --create-home barometer
COPY --from=build /opt/barometer /opt/barometer
ENV PATH=/opt/barometer/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BAROMETER_METRICS_HOST=0.0.0.0 \
    BAROMETER_METRICS_PORT=9464
USER 10001:10001
WORKDIR /var/lib/barometer
EXPOSE 9464
# SIGTERM drains, commits and leaves the group; a worker is gone within seconds.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:9464/health/live', timeout=4)"]
ENTRYPOINT ["barometer"]
CMD ["worker"]
