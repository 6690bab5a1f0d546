#!/usr/bin/env bash
# Everything one does with One Time Chat's source: see ./build.sh help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

readonly STATICCHECK=honnef.co/go/tools/cmd/staticcheck@v0.8.2
readonly GOVULNCHECK=golang.org/x/vuln/cmd/govulncheck@v1.9.0
readonly TOOLS=$PWD/out/tools

# Debian has e2fsck and its like where only root looks.
export PATH=$PATH:/usr/sbin:/sbin

# One way to compile for everything but the race detector, which needs cgo: what
# one command has compiled, the next one finds in Go's cache. And for the oldest
# processors: that of a Pi 3 is a v8.0.
export CGO_ENABLED=0 GOFLAGS=-trimpath GOAMD64=v1 GOARM64=v8.0

help() {
  cat <<'EOF'
./build.sh COMMAND

  build            bin/otc (for the laptop) and bin/otc-desk (a pad device at your desk)
  demo [--mischief]
                   alice and bob chat through a relay and two pad devices
                   whose touchscreens are web pages; with no terminal it taps
                   for itself and saves every screen under out/demo/. With
                   --mischief the relay drops and corrupts, and is found out
  dist             out/dist: otc for Linux, macOS and Windows on amd64 and arm64,
                   archives and SHA256SUMS; the same commit gives the same bytes
  image [OPTION…]  out/otc-pad.img, to be flashed onto a card: see
                   ./build.sh image --help
  emulate [--two]  the same image on an emulated Raspberry Pi, whose screen is a
                   web page, or on two that can meet
  emulated         of test, only what runs on emulated boards
  test             all checks: vet, staticcheck, govulncheck, every test with
                   the race detector, a real browser, the image on emulated
                   boards, the demo
  bench [--json] [--only NAME]
                   figures, each beside its limit from the same run
  randomness       100 MB of extracted noise judged by rngtest, ent and
                   dieharder, beside the raw noise, which must fail; minutes
  kill [N [SEED]]  a conversation through N (default 1000) kills of clients, pad
                   devices and relay at random moments; about a second each
  fuzz [TIME]      every fuzz target for TIME (default 30s) each
  lint             vet, staticcheck, govulncheck
  help             this text

Go 1.26 is needed; whatever else is missing is installed by apt where that is
possible, or named.
EOF
}

die() {
  echo "build.sh: $*" >&2
  exit 1
}

# need COMMAND PACKAGE: makes sure COMMAND is there, by Debian's PACKAGE.
need() {
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing $2"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
  fi
  command -v "$1" >/dev/null || die "$1 is missing: install it (on Debian: sudo apt-get install $2)"
}

need_go() {
  command -v go >/dev/null || die "Go is missing: install Go 1.26 or later from go.dev/dl"
  local version
  version=$(go env GOVERSION)
  [[ $version =~ ^go1\.([0-9]+) && ${BASH_REMATCH[1]} -ge 26 ]] || die "Go 1.26 or later is needed, this is $version"
}

# tool MODULE@VERSION: installs a Go program under out/tools, once, and prints its path.
tool() {
  local program=${1%@*} version=${1#*@}
  local path=$TOOLS/$version/${program##*/}
  [ -x "$path" ] || GOBIN=$TOOLS/$version go install "$1" >&2
  echo "$path"
}

# run PACKAGE ARG…: runs one of our programs. Its exit code is the command's, which
# go run makes 1 of.
run() {
  need_go
  local program=out/run/${1##*/}
  go build -buildvcs=false -o "$program" "$1"
  shift
  "$program" "$@"
}

build() {
  need_go
  mkdir -p bin
  go build -o bin/otc ./hostlink/otc
  go build -o bin/otc-desk ./firmware/desk
}

# laptops are the systems that otc is built and vetted for.
readonly LAPTOPS="linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64"

# dist [FOLDER]: what people download. Times and owners in the archives are fixed; the
# commit is in the programs, for otc --version.
dist() {
  need_go
  need zip zip
  local to=${1:-out/dist} system folder program
  rm -rf "$to" && mkdir -p "$to"
  go build -o "$to/program" ./hostlink/otc
  env -u XDG_CONFIG_HOME -u HOME "$to/program" man >"$to/otc.1" # names no folder of this computer
  rm "$to/program"
  for system in $LAPTOPS; do
    folder=otc-${system/\//-} program=otc
    [[ $system != windows/* ]] || program=otc.exe
    mkdir "$to/$folder"
    GOOS=${system%/*} GOARCH=${system#*/} \
      go build -ldflags='-s -w' -o "$to/$folder/$program" ./hostlink/otc
    cp README.md LICENSE "$to/otc.1" "$to/$folder/"
    chmod 644 "$to/$folder"/*
    chmod 755 "$to/$folder" "$to/$folder/$program"
    TZ=UTC touch -d 2000-01-01T00:00:00Z "$to/$folder"/*
    (
      cd "$to"
      if [[ $system == windows/* ]]; then
        TZ=UTC zip -qXr -D "$folder.zip" "$folder/LICENSE" "$folder/README.md" "$folder/otc.1" "$folder/$program"
      else
        tar --sort=name --mtime=2000-01-01T00:00:00Z --owner=0 --group=0 --numeric-owner -cf - "$folder" | gzip -n9 >"$folder.tar.gz"
      fi
      rm -r "$folder"
    )
  done
  rm "$to/otc.1"
  (cd "$to" && sha256sum otc-* >SHA256SUMS)
}

# dist_twice: two builds, the same bytes.
dist_twice() {
  dist
  dist out/dist-again
  diff -r out/dist out/dist-again || die "two builds of dist differ"
  rm -r out/dist-again
}

# The board's only program.
board() {
  need_go
  mkdir -p out
  GOOS=linux GOARCH=arm64 go build -ldflags='-s -w' -o out/init ./firmware
}

image() {
  # Go holds what it fetches against go.sum, and then believes its cache.
  need_go
  go mod verify >/dev/null || die "Go's cache of modules is not as it was fetched: see go clean -modcache"
  board
  run ./image --binary out/init "$@"
}

emulate() {
  need qemu-system-aarch64 qemu-system-arm
  [ -f out/otc-pad.img ] || image --xz=false
  run ./image/emulate "$@"
}

vet() {
  local unformatted
  unformatted=$(gofmt -l firmware hal display padstore hostlink image)
  [ -z "$unformatted" ] || die "not formatted by gofmt: $unformatted"
  go vet ./...
  local system
  for system in $LAPTOPS; do
    GOOS=${system%/*} GOARCH=${system#*/} go vet ./hostlink/...
  done
}

staticcheck() { "$(tool $STATICCHECK)" ./...; }

# The one check of lint that may be skipped, aloud: when its database is out of reach.
vulncheck() {
  local output
  output=$("$(tool $GOVULNCHECK)" ./... 2>&1) && { echo "$output" | tail -n 1; return; }
  case $output in
    *"no such host"* | *"dial tcp"* | *"connection refused"*) echo "SKIPPED: the vulnerability database is out of reach" ;;
    *) die "$output" ;;
  esac
}

lint() {
  need_go
  stage vet vet
  stage staticcheck staticcheck
  stage govulncheck vulncheck
}

# tests runs the packages that take longest first, or the last one keeps one core
# waiting; and one more than there are cores, as some wait. Lint has vetted them. Under
# the race detector a sixth of the time of tests that make much garbage went into
# collecting it: it is collected less often, within limits.
tests() {
  local first="./padstore ./display ./firmware/device ./firmware/meeting ./firmware/desk/adversary"
  { printf '%s\n' $first | xargs go list && go list ./... | grep -v '/image/emulator$'; } | awk '!seen[$0]++' |
    CGO_ENABLED=1 xargs go test -count=1 -race -vet=off -timeout 15m -v -p $(($(nproc) + 1)) \
      -exec 'env GOGC=400 GOMEMLIMIT=512MiB' | outcome
}

# outcome says of what go test -v writes what it says without -v, and which tests this
# machine cannot make, and why: go test keeps that to itself.
outcome() {
  awk '
    /^=== / { test = $3; next }
    /^ *--- (PASS|SKIP|FAIL): / {
      if ($2 != "PASS:") printf "%s\n%s", $0, said[$3]
      skipped += $2 == "SKIP:"
      delete said[$3]
      next
    }
    /^(ok|FAIL|\?) *\t/ {
      if ($1 == "FAIL") for (test in said) printf "%s", said[test]
      split("", said)
      print
      fflush()
      next
    }
    !/^(PASS|FAIL)$/ { said[test] = said[test] $0 "\n" }
    END {
      for (test in said) printf "%s", said[test]
      print "tests that were skipped: " skipped + 0
    }'
}

# The very image on emulated boards, from the first start to a conversation.
emulated() {
  need_go
  need qemu-system-aarch64 qemu-system-arm
  need e2fsck e2fsprogs
  need fsck.vfat dosfstools
  # Some tests build programs, of which Go's cache of results knows nothing.
  go test -count=1 -timeout 2h -v "$@" ./image/emulator
}

test_all() {
  local begin=$SECONDS
  lint
  need gcc gcc # for the race detector
  need chromium chromium
  need fsck.vfat dosfstools
  need mcopy mtools
  need e2fsck e2fsprogs
  need dtc device-tree-compiler
  need xz xz-utils
  need ip iproute2
  stage "build" build
  stage "dist, twice" dist_twice
  stage "tests" tests
  stage "emulated" emulated
  stage "demo" demo_alone
  echo "all of test: $((SECONDS - begin)) s"
}

# stage NAME COMMAND…: runs a command and says how long it took.
stage() {
  local name=$1 begin=$SECONDS
  shift
  echo "== $name"
  "$@"
  echo "-- $name: $((SECONDS - begin)) s"
}

demo_alone() { run ./firmware/desk/demo --alone; }

demo() {
  build
  if [ $# -gt 0 ]; then
    run ./firmware/desk/demo "$@"
  elif [ -t 0 ] && [ -t 1 ]; then
    run ./firmware/desk/demo
  else
    demo_alone
  fi
}

bench() {
  need_go
  need qemu-system-aarch64 qemu-system-arm
  need debugfs e2fsprogs
  mkdir -p out
  run ./firmware/desk/bench "$@"
}

randomness() {
  need_go
  need rngtest rng-tools5
  need ent ent
  need dieharder dieharder
  run ./firmware/desk/randomness "$@"
}

kill_all() {
  need_go
  go test -count 1 -timeout 0 -v -run '^TestAConversationThroughKills$' ./firmware/desk/adversary -kills "${1:-1000}" -seed "${2:-0}"
}

fuzz() {
  need_go
  local time=${1:-30s} file package target
  grep -rlE '^func Fuzz' --include='*_test.go' firmware hal display padstore hostlink image | while read -r file; do
    package=./$(dirname "$file")
    for target in $(grep -oE '^func Fuzz[A-Za-z0-9_]*' "$file" | cut -c6-); do
      echo "== $package $target"
      go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" "$package" </dev/null
    done
  done
}

main() {
  local command=${1:-help}
  shift || true
  case $command in
    build | dist | lint | help) "$command" ;;
    test) test_all ;;
    kill) kill_all "$@" ;;
    demo | image | emulate | emulated | bench | randomness | fuzz) "$command" "$@" ;;
    *) help >&2; die "unknown command: $command" ;;
  esac
}

main "$@"
