# What .ci/run and .ci/test-all have in common; sourced by them, in the checkout.

export OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE=1
if [ -z "${HARNESS_SHARED_DATA:-}" ] && [ -d ../shared/data ]; then
    HARNESS_SHARED_DATA=$(cd ../shared/data && pwd)
fi
if [ -n "${HARNESS_SHARED_DATA:-}" ]; then
    export HARNESS_SHARED_DATA
    echo "ci: standard data sets from HARNESS_SHARED_DATA"
else
    echo "ci: HARNESS_SHARED_DATA is not set; tests marked shared_data are left out and named"
fi

TIMES=()
stage() { # NAME COMMAND...
    local name=$1 began=$SECONDS
    shift
    printf '\n=== %s\n' "$name"
    "$@"
    TIMES+=("$(printf '%5d s  %s' $((SECONDS - began)) "$name")")
    printf '=== %s: %d s\n' "$name" $((SECONDS - began))
}

# Tests that root cannot run truthfully: as a user of no rights, or, where that user cannot reach the interpreter or
# the checkout (both in root's home, say), as root without any capability, whom file permissions bind just the same.
as_unprivileged() {
    if [ "$(id -u)" -ne 0 ]; then
        "$@"
        return
    fi
    id harness-ci >/dev/null 2>&1 || useradd --create-home harness-ci
    local user=(runuser -u harness-ci --) home
    home=$(mktemp -d)
    chown harness-ci "$home"
    if ! "${user[@]}" "$PWD/.venv/bin/python" -c 'import harness, sqlite3, ssl' >/dev/null 2>&1; then
        echo "the user harness-ci cannot reach this checkout: running as root without capabilities"
        user=(setpriv --bounding-set=-all --inh-caps=-all)
        chown root "$home"
    fi
    "${user[@]}" env HOME="$home" TMPDIR="$home" HYPOTHESIS_STORAGE_DIRECTORY="$home/hypothesis" "$@"
    rm -rf "$home"
}

service_tests() { # PYTEST_ARGS...
    as_unprivileged .venv/bin/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -p no:cacheprovider \
        --service --no-skips "$@" -m '(service and not postgresql) or unprivileged'
}

# A PostgreSQL server of the tests' own. It refuses to run as root, so root's tests start it as the user postgres; for
# that they need root's capabilities, which the stage before takes away.
postgresql_tests() { # PYTEST_ARGS...
    .venv/bin/python -m pytest -p no:cacheprovider --service --no-skips "$@" -m postgresql
}

finished() { # NAME
    printf '\n=== times\n'
    printf '%s\n' "${TIMES[@]}"
    echo "$1: all stages passed in $SECONDS s"
}
