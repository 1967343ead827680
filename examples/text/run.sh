#!/bin/sh
# A model is a folder: the one beside this file pre-labels six mails. Usage: sh run.sh [data folder]
set -e
cd "$(dirname "$0")"
data=${1:-$(mktemp -d)}
headstart() { node ../../dist/cli/main.js "$@" --data "$data"; }

project=$(headstart init Mails --labels spam,ham | sed 's/^{"id":\([0-9]*\),.*/\1/')
headstart import "$project" mails.csv >&2
headstart models add words >&2
headstart models bind "$project" words >&2
headstart export "$project" --labels predictions --format csv
