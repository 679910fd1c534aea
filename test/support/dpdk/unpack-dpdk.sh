#!/bin/bash
# unpack-dpdk.sh X.YY SUITE DIR: DPDK's EAL of another Debian release, with the buses of virtual devices
# and of fslmc, and the null driver, unpacked into DIR next to the C library it was built for: headers to compile
# against and libraries to run with. Nothing is installed and nothing of the host changes. Needs
# Debian's apt and dpkg, but not root.
#
#   unpack-dpdk.sh 24.11 trixie /var/cache/dpdk-ipc/dpdk-24.11-buses
#
# A DIR that is complete is left alone; its file .dpdk-version says which DPDK it is. DIR never
# exists half made. DPDK_IPC_DEBIAN_MIRROR: where the packages come from; by default where the
# host's own apt gets them.
set -euo pipefail
want=${1:?X.YY} suite=${2:?suite} dir=${3:?dir}
export LC_ALL=C

say() { echo "unpack-dpdk: $*" >&2; }
fail() {
  say "$*"
  exit 1
}

if [ -f "$dir/.dpdk-version" ]; then
  say "$dir is there: DPDK $(cat "$dir/.dpdk-version")"
  exit 0
fi
for tool in apt-get dpkg-deb dpkg; do
  command -v "$tool" >/dev/null || fail "$tool isn't there: this isn't Debian"
done

uris() { apt-get indextargets --format '$(REPO_URI)' | sed 's,/*$,,' | sort -u; }
mirror=${DPDK_IPC_DEBIAN_MIRROR:-$(uris | grep -m1 '/debian$' || true)}
[ -n "$mirror" ] || fail "apt here has no Debian mirror: name one in DPDK_IPC_DEBIAN_MIRROR"

mkdir -p "$(dirname "$dir")"
work=$(mktemp -d "$(dirname "$dir")/.unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM HUP

# apt with package lists of its own, and as if nothing were installed
mkdir -p "$work"/lists/partial "$work"/cache/archives/partial "$work/root"
: >"$work/status"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/sources.list"
apt=(-q
  -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null
  -o "Dir::State::lists=$work/lists" -o "Dir::State::status=$work/status"
  -o "Dir::Cache=$work/cache" -o Acquire::Languages=none
  -o APT::Sandbox::User=root -o Debug::NoLocking=true)

# quietly WHAT CMD...: shows what it printed only if it failed
quietly() {
  "${@:2}" >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    fail "apt could not get $1"
  }
}
update() { apt-get "${apt[@]}" update; }
download() {
  apt-get "${apt[@]}" install -y --no-install-recommends --download-only "$eal" "${drivers[@]}" libc6-dev
  # only unpacked: its dependencies are all drivers, 300 packages
  (cd "$work/cache/archives" && apt-get "${apt[@]}" download libdpdk-dev)
}

quietly "the package lists of Debian $suite" update
package=$(apt-cache "${apt[@]}" show --no-all-versions libdpdk-dev 2>/dev/null || true)
version=$(sed -n 's/^Version: \([0-9.]*\).*/\1/p' <<<"$package" | head -n 1)
eal=$(grep -oE 'librte-eal[0-9]+' <<<"$package" | head -n 1 || true)
[ -n "$version" ] && [ -n "$eal" ] || fail "Debian $suite has no DPDK at this mirror"
drivers=()
for driver in bus-vdev bus-fslmc net-null; do drivers+=("librte-$driver${eal#librte-eal}"); done
case $version in
  "$want" | "$want".*) ;;
  *) fail "Debian $suite has DPDK $version by now, not $want" ;;
esac
quietly "the packages of DPDK $version" download

# /lib and the like are links in a merged-/usr system, and folders in older packages
for sub in bin sbin lib lib64; do
  mkdir -p "$work/root/usr/$sub"
  ln -s "usr/$sub" "$work/root/$sub"
done
for deb in "$work"/cache/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$deb" |
    tar -x --keep-directory-symlink --no-same-owner --exclude='./usr/share/*' --exclude='librte_*.a' -C "$work/root"
done
# absolute links would lead out of the unpacked tree
find "$work/root/usr/lib" "$work/root/usr/lib64" -type l -lname '/*' -printf '%p %l\n' |
  while read -r link target; do ln -sfnr "$work/root$target" "$link"; done
echo "$version" >"$work/root/.dpdk-version"
chmod 755 "$work/root"

# another run may have been faster
if ! mv -T "$work/root" "$dir" 2>/dev/null && [ ! -f "$dir/.dpdk-version" ]; then
  fail "$dir is in the way: it isn't empty, and not one of ours"
fi
say "$dir: DPDK $version of Debian $suite, $(du -sm "$dir" | cut -f1) MB"
