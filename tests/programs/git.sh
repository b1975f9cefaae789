# git: init, commit, log, branches, merge, clone of a local repository, gc, and status in the granted directory.
# needs: git

set -eu
export GIT_CONFIG_NOSYSTEM=1 HOME=$(mktemp -d) GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global user.name Tester; git config --global user.email t@example.org; git config --global init.defaultBranch main; git config --global --add safe.directory '*'
git -C . rev-parse --is-inside-work-tree; git -C . status --porcelain >/dev/null && echo "status works here"
cd "$HOME"; git init -q repo; cd repo
for i in $(seq 30); do echo "content $i" > "file$i"; git add .; git commit -qm "commit $i"; done
git log --oneline | wc -l; git rev-parse HEAD; git checkout -qb side HEAD~10; echo side > side; git add side; git commit -qm side; git checkout -q main; git merge -q side -m merge; git log --graph --oneline | head -n 3
git diff --stat HEAD~1 | tail -n 1; git gc -q; git count-objects -v | grep -E '^(count|packs)'; git fsck 2>/dev/null; echo "fsck $?"
cd ..; git clone -q repo clone; git -C clone log -1 --format=%s; git clone -q "file://$HOME/repo" far; git -C far rev-parse HEAD; echo new > far/new; git -C far add new; git -C far commit -qm new; git -C far push -q origin HEAD:pushed; git -C repo log -1 --format=%s pushed
git -C clone pull -q origin pushed 2>/dev/null && git -C clone log -1 --format=%s; git -C repo stash list | wc -l; git -C repo blame file3 | wc -l; git -C repo archive HEAD | tar tf - | wc -l; git -C repo grep -c 'content 7' | head -n 1; rm -rf "$HOME"
