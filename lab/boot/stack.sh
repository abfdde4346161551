# SPDX-License-Identifier: Apache-2.0
# The files of the stack, before the first boot: what lies in lab/stack/root, the application, certificates.

place_stack() {
  local root=$1 app=$1/opt/advakod
  cp -r --no-preserve=ownership "$LAB_HOME/stack/root/." "$root/"
  chmod 755 "$root/usr/local/bin/advakod-backup"
  mkdir -p "$app/qdrant" "$app/beat" "$root/var/backups/advakod" "$root/var/lib/faultbak"
  cp "$LAB_HOME"/qdrant/*.py "$app/qdrant/"
  install --strip "$LAB_BACKEND" "$app/backend/advakod_backend"
  chroot "$root" chown postgres:postgres /var/backups/advakod
  make_certificates "$root/etc/nginx/ssl"
  cp "$root/etc/nginx/ssl/ca.crt" "$root/usr/local/share/ca-certificates/lab-root.crt"
  cat "$root/etc/nginx/ssl/ca.crt" >>"$root/etc/ssl/certs/ca-certificates.crt"
}

# A root of the lab's own, and a certificate for the site that it signs.
make_certificates() {
  local folder=$1
  mkdir -p "$folder"
  new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1"; }
  new_key "$folder/ca.key"
  openssl req -x509 -new -key "$folder/ca.key" -days 3650 -subj "/CN=Lab Root CA" -config "$LAB_HOME/boot/openssl.cnf" \
    -extensions root -out "$folder/ca.crt"
  new_key "$folder/site.key"
  openssl req -new -key "$folder/site.key" -subj /CN=advacodex.com -config "$LAB_HOME/boot/openssl.cnf" |
    openssl x509 -req -CA "$folder/ca.crt" -CAkey "$folder/ca.key" -CAcreateserial -days "$LAB_CERT_DAYS" \
      -extfile "$LAB_HOME/boot/openssl.cnf" -extensions site -out "$folder/site.crt"
  chmod 600 "$folder"/*.key
}
