# SPDX-License-Identifier: Apache-2.0
# Which labs are up, one line each.

lab_list() {
  local folder name init any=
  for folder in "$LABS"/*/; do
    [[ -d $folder ]] || continue
    name=$(basename "$folder")
    any=1
    if init=$(init_of "$name"); then
      printf '%-16s %-10s 10.213.%s.2  init %s\n' "$name" "$(cat "$folder/state" 2>/dev/null || echo booting)" \
        "$(cat "$folder/number")" "$init"
    else
      printf '%-16s dead: ./dev lab down %s removes what is left\n' "$name" "$name"
    fi
  done
  [[ -n $any ]] || say "no lab is up"
}
