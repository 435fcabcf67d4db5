FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

# What WeasyPrint draws text with, the typefaces being our own; and PostgreSQL's programs for backups, of Debian's
# version 15. Debian's security updates matter more than a pinned version that vanishes.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 postgresql-client \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-deps --require-hashes -r requirements.txt

COPY . .
# The key is for this command alone; none is stored in the image.
RUN SECRET_KEY=only-for-collectstatic COLLECTSTATIC=1 DATABASE_URL=sqlite:///:memory: \
        python manage.py collectstatic --noinput \
    && python -m compileall -q config documents etd metaanalysis \
    && install -d -o 10001 -g 10001 /data

ENV DATA_DIR=/data
VOLUME /data
USER 10001:10001
EXPOSE 8000

# Ready: requests can be served and saved (docs/installing.md).
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', 8000, timeout=8); c.request('GET', '/readyz'); sys.exit(c.getresponse().status != 200)"]

CMD ["python", "-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", "0.0.0.0:8000", "config.wsgi:application"]
