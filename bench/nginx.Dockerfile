# What the proxy is measured beside, as people run it: Debian's nginx in a
# container, its configuration copied in.
FROM debian:bookworm-slim
RUN apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nginx-light && \
	rm -rf /var/lib/apt/lists/*
COPY nginx.conf /etc/nginx/nginx.conf
ENTRYPOINT ["nginx", "-g", "daemon off;"]
