# Completion of litebox for bash.
_litebox() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]} i
    local commands="run profile kernel image doctor policy syscalls attest measure broker version help"
    COMPREPLY=()
    if [ "$COMP_CWORD" = 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$current")
        return
    fi
    case $command in
        run | profile) ;;
        help) mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current"); return ;;
        attest) _litebox_attest "$current" "$previous"; return ;;
        doctor | policy | syscalls | version) mapfile -t COMPREPLY < <(compgen -W "--json --help" -- "$current"); return ;;
        image) mapfile -t COMPREPLY < <(compgen -W "build --output --timestamp --keep-owners --json --help" -- "$current"); return ;;
        kernel) mapfile -t COMPREPLY < <(compgen -W "--output --help" -- "$current"); return ;;
        broker) _litebox_broker; return ;;
        *) return ;;
    esac
    # After the options comes a command line of its own.
    local valued=" --platform --cpus --ro --rw --tmpfs --root --image --root-hash --scratch --cwd -e --env --env-pass -u --user --hostname -m --memory --processes --timeout --cpu-time --wx --deny-calls --deny-action "
    for ((i = 2; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
            --) i=$((i + 1)); _litebox_program "$i"; return ;;
            -*) [[ $valued != *" ${COMP_WORDS[i]} "* ]] || i=$((i + 1)); [ "${COMP_WORDS[i]:-}" != = ] || i=$((i + 1)) ;;
            =) i=$((i + 1)) ;;
            *) _litebox_program "$i"; return ;;
        esac
    done
    case $previous in
        --ro | --rw | --root | --cwd) mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames; return ;;
        --image | --deny-calls) mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames; return ;;
        --env-pass) mapfile -t COMPREPLY < <(compgen -v -- "$current"); return ;;
        -u | --user) mapfile -t COMPREPLY < <(compgen -u -- "$current"); return ;;
        --platform) mapfile -t COMPREPLY < <(compgen -W "process vm" -- "$current"); return ;;
        --wx) mapfile -t COMPREPLY < <(compgen -W "allow deny" -- "$current"); return ;;
        --deny-action) mapfile -t COMPREPLY < <(compgen -W "eperm kill" -- "$current"); return ;;
        --root-hash) mapfile -t COMPREPLY < <(compgen -W "none" -- "$current"); return ;;
        --cpus | --tmpfs | --scratch | -e | --env | --hostname | -m | --memory | --processes | --timeout | --cpu-time) return ;;
    esac
    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "--platform --cpus --ro --rw --tmpfs --root --image --root-hash --scratch --cwd --env --env-pass --user --hostname --memory --processes
            --timeout --cpu-time --wx --deny-calls --deny-action --allow-slow-fs --interactive --terminal --trace --stats --json --quiet --help" -- "$current")
    else
        mapfile -t COMPREPLY < <(compgen -c -- "$current")
    fi
}

_litebox_attest() {
    if [ "$COMP_CWORD" = 2 ]; then
        mapfile -t COMPREPLY < <(compgen -W "verify show fetch-urls policy explain-mismatch simulate --help" -- "$1")
        return
    fi
    case $2 in
        --collateral | --out) mapfile -t COMPREPLY < <(compgen -d -- "$1"); compopt -o filenames; return ;;
        --at | --report-data | --nonce) return ;;
    esac
    local options="--help"
    case ${COMP_WORDS[2]} in
        verify) options+=" --collateral --policy --at --root --report-data --nonce --event-log --signature --chain --json --eat" ;;
        show | fetch-urls) options+=" --json" ;;
        explain-mismatch) options+=" --expected --inputs --firmware --kernel --initrd --command-line --json" ;;
        policy) if [ "$COMP_CWORD" = 3 ]; then mapfile -t COMPREPLY < <(compgen -W "check explain --help" -- "$1"); return; fi; options+=" --json" ;;
        simulate) if [ "$COMP_CWORD" = 3 ]; then mapfile -t COMPREPLY < <(compgen -W "sgx tdx snp epid --help" -- "$1"); return; fi ;;
    esac
    if [[ $1 == -* ]]; then mapfile -t COMPREPLY < <(compgen -W "$options" -- "$1")
    else mapfile -t COMPREPLY < <(compgen -f -- "$1"); compopt -o filenames; fi
}

_litebox_program() {
    if [ "$COMP_CWORD" = "$1" ]; then mapfile -t COMPREPLY < <(compgen -c -- "${COMP_WORDS[COMP_CWORD]}")
    else mapfile -t COMPREPLY < <(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"); compopt -o filenames; fi
}

_litebox_broker() {
    local store="--store --store-key" trust="--root --production-roots --collateral" words
    case $previous in
        --store | --key | --cert | --ca | --out | --root | --write-cert | --policy-signer | --broker-policy)
            mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames; return ;;
        --collateral) mapfile -t COMPREPLY < <(compgen -d -- "$current"); compopt -o filenames; return ;;
        --store-key) mapfile -t COMPREPLY < <(compgen -W "file: passphrase passphrase-file: pkcs11:" -- "$current"); return ;;
        --binding) mapfile -t COMPREPLY < <(compgen -W "channel key" -- "$current"); return ;;
    esac
    if [ "$COMP_CWORD" = 2 ]; then words="new-key init policy put list remove rearm audit serve get --help"
    else
        case ${COMP_WORDS[2]} in
            policy)
                if [ "$COMP_CWORD" = 3 ]; then words="sign add list --help"
                else words="$store --name --version --binding --releases --session-seconds --key --out --explain"; fi ;;
            init) words="$store --policy-signer" ;;
            put) words="$store --policy --once" ;;
            list) words="$store --json" ;;
            remove | rearm) words=$store ;;
            audit) words="$store --expect --show" ;;
            serve) words="$store $trust --policy --listen --cert --key --host-name --write-cert --evidence-command --threads
                --max-connections --max-per-address --request-seconds" ;;
            get) words="$trust --url --pin --ca --broker-policy --evidence-command --timeout --out" ;;
        esac
    fi
    if [[ $current == -* || $COMP_CWORD -lt 4 ]]; then mapfile -t COMPREPLY < <(compgen -W "${words:-}" -- "$current")
    else mapfile -t COMPREPLY < <(compgen -f -- "$current"); compopt -o filenames; fi
}

complete -F _litebox litebox
