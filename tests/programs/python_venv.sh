# python3: a virtual environment, made and used.
# needs: python3 python3-venv
# timeout: 120

set -eu
d=$(mktemp -d); cd "$d"
python3 -m venv --without-pip env; ./env/bin/python -c 'import sys; print(sys.prefix != sys.base_prefix)'
mkdir -p env/lib/python3*/site-packages; echo 'def f(): return "imported"' > "$(echo env/lib/python3*/site-packages)/ours.py"
. env/bin/activate; python -c 'import ours; print(ours.f())'; python -m compileall -q env/lib/python3*/site-packages && echo compiled; deactivate
python3 -m venv full; ./full/bin/pip --version | cut -d' ' -f1; ./full/bin/pip list --format=freeze 2>/dev/null | cut -d= -f1 | head -n 1
cd /; rm -rf "$d"
