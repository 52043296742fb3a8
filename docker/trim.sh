#!/bin/sh
# Remove from a virtual environment what a running server never opens: source maps, packages' own tests and documentation,
# type stubs of other libraries, locale data of languages that JupyterLab has no translation for. Compress its pages' files.
set -eu
site=$(echo "$1"/lib/python3*/site-packages)
find "$1" -name '*.map' -delete
# Servers send the compressed twin of a file of JupyterLab's pages to browsers that accept it (hub_config/server/ready_made.py).
if [ -d "$1/share/jupyter" ]; then
  find "$1/share/jupyter" -type f -size +4 \( -name '*.js' -o -name '*.css' -o -name '*.svg' -o -name '*.json' \) |
    while read -r file; do [ -e "$file.gz" ] || gzip -9 -k -n "$file"; done
fi
cd "$site"  # names below are relative: a folder above may have the name of a package
find . -type d \( -name tests -o -name test \) ! -path './numpy/testing/*' ! -path './tinytorch/*' -prune -exec rm -rf {} +
rm -rf nbgrader/docs jedi/third_party/django-stubs matplotlib/mpl-data/sample_data numpy/f2py numpy/distutils
find . \( -name '*.pyx' -o -name '*.c' -o -name '*.h' -o -name '*.a' \) -delete
# babel answers "unknown locale" for what is missing; dates and numbers are shown in these.
[ -d babel/locale-data ] || exit 0
cd babel/locale-data
for file in *.dat; do
  case $file in root.dat | en*.dat | de*.dat | fr*.dat | es*.dat | it*.dat | pt*.dat | ja*.dat | ko*.dat | zh*.dat | ru*.dat) ;; *) rm "$file" ;; esac
done
