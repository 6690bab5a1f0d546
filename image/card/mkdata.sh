#!/usr/bin/env bash
# Makes data.ext4.xz, the empty file system of the data partition, anew.
# TestTheDataPartitionIsWhatItsRecipeMakes compares the two.
#
#   mkdata.sh FILE && truncate -s 2M FILE && xz -9e FILE && mv FILE.xz data.ext4.xz
#
# FILE is 64 MiB and, made by the same mke2fs on the same kind of processor,
# the same each time. All of it after the first 2 MiB is zeros.
#
# 4096-byte blocks, or it could not grow on a mounted card. Every feature is
# named, so that the host's /etc/mke2fs.conf has no say, and none is newer than
# Linux 5.10. resize leaves room to grow to 2 TiB, the most that the partition
# table can say. Nothing is left to be initialised later ("lazy"), inodes are
# few because pads are few and large, and none of the blocks are root's alone.
set -euo pipefail
config=$(mktemp)
trap 'rm -f "$config"' EXIT
printf '[fs_types]\next4 = {\n\tinode_size = 256\n}\nsmall = {\n\tinode_size = 256\n}\n' >"$config"
export E2FSPROGS_FAKE_TIME=1767225600 MKE2FS_CONFIG=$config LC_ALL=C TZ=UTC
truncate -s 0 "$1"
truncate -s 64M "$1"
mke2fs -q -F -t ext4 -b 4096 -I 256 -i 65536 -m 0 -J size=4 -L otc-data -o Linux \
  -O none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum \
  -U 6f746364-6174-4130-8000-000000000001 \
  -E hash_seed=6f746364-6174-4130-8000-000000000002,lazy_itable_init=0,lazy_journal_init=0,nodiscard,root_owner=0:0,resize=536870912 \
  "$1"
