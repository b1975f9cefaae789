#!/usr/bin/env bash
# Dependencies point down only. Looks at every #include of the tree's own headers, and at #if on a platform outside platform/.
# With a file name as argument only that file is looked at (for the script's own test).
set -u
cd "$(dirname "$0")/.."
bad=0
complain() { echo "layers: $1" >&2; bad=1; }
# What each room may include, as a pattern over the included path.
allowed() {
  case $1 in
    core/base/*) echo '^core/base/|^platform/platform\.h$' ;;
    core/*) echo '^core/|^platform/[a-z_]+\.h$|^arch/x86_64/registers\.h$' ;;
    linux/*) echo '^(core|linux|arch)/|^platform/[a-z_]+\.h$' ;;
    arch/*) echo '^(arch|core/base)/' ;;
    platform/*) echo '^(platform|arch|core)/' ;;
    supervisor/*) echo '^(supervisor|platform|core/base|arch)/' ;;
    attest/*) echo '^(attest|core/base)/' ;;
    cli/*) echo '^(cli|supervisor|linux/syscalls\.def|core/base)' ;;
    *) echo '.' ;;
  esac
}
rooms='core|linux|arch|platform|supervisor|attest|cli|sdk'
for file in ${1:-$(git ls-files -- '*.cpp' '*.h' '*.c' '*.S')}; do
  case $file in tests/*|fuzz/*|bench/*|examples/*) continue ;; esac
  pattern=$(allowed "$file")
  while read -r included; do
    [[ $included =~ ^($rooms)/ ]] || continue
    [[ $included =~ $pattern ]] || complain "$file must not include $included"
  done < <(sed -nE 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"([^"]+)".*/\1/p' "$file")
  case $file in platform/*) ;; *)
    grep -nE '^[[:space:]]*#[[:space:]]*(if|ifdef|elif).*(PLATFORM|LITEBOX_(PROCESS|VM|ENCLAVE|SIMULATED))' "$file" &&
      complain "$file asks which platform it runs on" ;;
  esac
done
[ "$bad" = 0 ] && echo "layers: dependencies point down"
exit "$bad"
