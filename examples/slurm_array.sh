#!/bin/bash
# Scores an input on many machines: each task of a Slurm job array scores one shard, with a model on its own graphics
# card. Afterwards one command merges the shards. For 16 shards:
#
#   array=$(sbatch --parsable --array=1-16 examples/slurm_array.sh answers.jsonl vllm:Qwen/Qwen3-4B-Instruct-2507 runs/big 16)
#   sbatch --dependency=afterany:$array --wrap 'judge merge runs/big/shard-* --out runs/big/all'
#
# Submit the array (or some of its tasks) again to resume: a shard requests only what it lacks.
#SBATCH --job-name=judge
#SBATCH --gpus=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=32G
#SBATCH --time=08:00:00
#SBATCH --signal=B:TERM@300
set -euo pipefail
answers=$1 model=$2 folder=$3 count=$4
shard=shard-$(printf '%05d' "$SLURM_ARRAY_TASK_ID")

# SQLite is not safe on every network file system, so that the run is on the disk of the node, and copied back.
node=$(mktemp -d)
[ ! -d "$folder/$shard" ] || cp -r "$folder/$shard/." "$node"
keep() {
  mkdir -p "$folder"
  rm -rf "$folder/.$shard"
  cp -r "$node" "$folder/.$shard"
  rm -rf "${folder:?}/$shard"
  mv "$folder/.$shard" "$folder/$shard"
  rm -rf "$node"
}
trap keep EXIT

judge score "$answers" --judge "$model" --shard "$SLURM_ARRAY_TASK_ID/$count" --out "$node" --json &
# Before the time limit, Slurm sends TERM to this script. Every reply that has arrived is stored.
trap 'kill $!; wait $! || true; exit 143' TERM
status=0
wait $! || status=$?
[ "$status" -ne 3 ] || status=0 # some items have no score: judge merge counts them
exit "$status"
