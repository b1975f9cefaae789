#!/usr/bin/env bash
# The check of the layers must see what it is there for.
set -u
cd "$(dirname "$0")/../.."
mkdir -p core/base
bad=core/base/layers_can_fail_$$.h
trap 'rm -f "$bad"' EXIT
for line in '#include "linux/table.h"' '#include "supervisor/supervisor.h"' '#include "platform/process/layout.h"' '#ifdef LITEBOX_VM'; do
  echo "$line" > "$bad"
  if scripts/check-layers.sh "$bad" >/dev/null 2>&1; then echo "not seen: $line"; exit 1; fi
done
echo '#include "core/base/result.h"' > "$bad"
scripts/check-layers.sh "$bad" >/dev/null || { echo "a good header was refused"; exit 1; }
echo "the check of the layers sees what it is there for"
