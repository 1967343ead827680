#!/bin/sh
# A detector draws boxes on photos. Usage: sh run.sh MODEL_FOLDER PHOTO_FOLDER [data folder]
set -e
model=$(cd "$1" && pwd)
photos=$(cd "$2" && pwd)
data=${3:-$(mktemp -d)}
cd "$(dirname "$0")"
# Photos stay where they are: the server may read this folder and no other.
export HEADSTART_LOCAL_FILES="$photos"
headstart() { node ../../dist/cli/main.js "$@" --data "$data"; }

project=$(headstart init Photos --config config.xml | sed 's/^{"id":\([0-9]*\),.*/\1/')
for photo in "$photos"/*.jpg; do
  printf '{"image": "/data/local-files?d=%s"}\n' "$(basename "$photo")"
done > "$data/photos.jsonl"
headstart import "$project" "$data/photos.jsonl" >&2
headstart models add "$model" --name detector >&2
headstart models bind "$project" detector >&2
headstart export "$project" --labels predictions --format coco
