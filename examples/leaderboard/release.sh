# Ends with 0, and leaves a leaderboard to publish, only if every check is proven to hold.
set -eu
rm -f out/audit.json out/standings.md
pytest biasruler.toml --noconftest --biasruler-policy=prove-safe --biasruler-min-checks=21 \
    --biasruler-public --biasruler-html=out/report.html --biasruler-json=out/audit.json \
    --biasruler-export=badge=out/badge.json "$@"
test -s out/audit.json
python standings.py out/audit.json > out/standings.md
cat out/standings.md
