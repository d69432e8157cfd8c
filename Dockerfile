# An image of the static program, its licence and certificates.
#
#     make image
#     docker run --rm --publish 8080:8080 --env HEROKU_API_KEY --env HEROKU_TEAM_ID heroku-cost-exporter
#
# HTTPS_PROXY and NO_PROXY configure proxies, and SSL_CERT_FILE a mounted file of certificates. A
# database (STORAGE_PATH) requires a mounted directory that user 65532 can write to.

# As in rust-toolchain.toml; `make check` compares them.
ARG RUST_VERSION=1.95.0

FROM rust:${RUST_VERSION}-alpine AS build
RUN apk add --no-cache ca-certificates gcc musl-dev
WORKDIR /build
COPY . .
# The commit for heroku_cost_exporter_build_info, because the build context has no history.
ARG REVISION
# The target architecture by Docker's name, set by BuildKit.
ARG TARGETARCH
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,id=target-${TARGETARCH},target=/build/target \
    set -eu; \
    case "${TARGETARCH:-$(uname -m)}" in \
        amd64 | x86_64) target=x86_64-unknown-linux-musl ;; \
        arm64 | aarch64) target=aarch64-unknown-linux-musl ;; \
        *) echo "no build for ${TARGETARCH}" >&2; exit 1 ;; \
    esac; \
    RUSTFLAGS="-C target-feature=+crt-static" \
        cargo build --profile dist --locked --bin heroku-cost-exporter --target "$target"; \
    cp "target/$target/dist/heroku-cost-exporter" /heroku-cost-exporter

FROM scratch
ARG REVISION
# As in Cargo.toml; set by `make image`.
ARG VERSION
LABEL org.opencontainers.image.title="heroku-cost-exporter" \
      org.opencontainers.image.description="See what you spend on Heroku and where the month will end, by team, app and resource type" \
      org.opencontainers.image.documentation="https://github.com/heroku-cost-exporter/heroku-cost-exporter/blob/main/README.md" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="https://github.com/heroku-cost-exporter/heroku-cost-exporter" \
      org.opencontainers.image.version="${VERSION}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /heroku-cost-exporter /heroku-cost-exporter
COPY LICENSE /LICENSE
USER 65532:65532
EXPOSE 8080
# Reads PORT and WEB_LISTEN_ADDRESS, but not the exporter's flags.
HEALTHCHECK --interval=30s --timeout=10s --start-period=10s CMD ["/heroku-cost-exporter", "healthcheck"]
ENTRYPOINT ["/heroku-cost-exporter"]
