#!/bin/sh
# Plays a release of the application: scripts/run_release.sh old|new. Writes until somebody removes the file that says
# that it runs, and notes when a statement fails.
cd "$(dirname "$0")/.." || exit 1
mkdir -p .confiture
rm -f ".confiture/$1_release_stopped"
touch ".confiture/$1_release_runs"
while [ -e ".confiture/$1_release_runs" ]; do
    confiture db sql -q -f "scripts/$1_release.sql" >> .confiture/releases.log 2>&1 || echo "$1 release failed" >> .confiture/releases.log
done
touch ".confiture/$1_release_stopped"
