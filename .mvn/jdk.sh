# Sourced by the launcher and by mvnw: sets jdk to the folder of a JDK 25 or later, or ends with one line.

# The major version of the JDK in a folder, from its release file: faster than starting it.
major() {
    sed -n 's/^JAVA_VERSION="\([0-9]*\).*/\1/p' "$1/release" 2>/dev/null
}

find_java() {
    for home in "${GLIMPSE_JAVA_HOME:-}" "${JAVA_HOME:-}" "$(path_java)" /usr/lib/jvm/* /opt/*jdk* \
        "${HOME:-/}"/.sdkman/candidates/java/* "${HOME:-/}"/.jdks/* /Library/Java/JavaVirtualMachines/*/Contents/Home; do
        if [ -n "$home" ] && [ -x "$home/bin/java" ] && [ -x "$home/bin/javac" ]; then
            version=$(major "$home")
            if [ "${version:-0}" -ge 25 ]; then
                echo "$home"
                return
            fi
        fi
    done
}

path_java() {
    java=$(command -v java || true)
    while [ -n "$java" ] && [ -L "$java" ]; do
        link=$(readlink "$java")
        case $link in /*) java=$link ;; *) java=$(dirname "$java")/$link ;; esac
    done
    [ -z "$java" ] || dirname "$(dirname "$java")"
}

jdk=$(find_java)
if [ -z "$jdk" ]; then
    echo "glimpse: no JDK 25 or later found; install one (https://adoptium.net) or set GLIMPSE_JAVA_HOME to it" >&2
    exit 1
fi
