#!/bin/sh
# Runs the official TypeScript SDK against the fake service, as a process. Without node or npm it reports that and
# succeeds.
set -eu
cd "$(dirname "$0")"

for tool in node npm; do
	if ! command -v "$tool" >/dev/null; then
		echo "conformance-typescript: skipped, there is no $tool"
		exit 0
	fi
done

version=$(node -p 'require("../foreign/package.json").devDependencies["@anthropic-ai/sdk"]')
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --no-save --no-audit --no-fund --ignore-scripts --loglevel=error --prefix "$dir" "@anthropic-ai/sdk@$version" >/dev/null
(cd ../.. && go build -o "$dir/messagebatches" ./cmd/messagebatches)
cp batches.mjs "$dir"
node "$dir/batches.mjs" "$dir/messagebatches"
