#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# sbom.sh VERSION LIBRARY... - print what kvmstall is made of, as SPDX 2.3 in JSON: itself, and the libraries, by
# pkg-config's names, that it is linked with, in the versions of this machine. The same input, the same bytes: the date
# is SOURCE_DATE_EPOCH's, or the last commit's.
set -euo pipefail

version=${1:?usage: sbom.sh VERSION LIBRARY...}
shift
pkg_config=${PKG_CONFIG:-pkg-config}
epoch=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}

# package NAME VERSION LICENSE
package()
{
	printf '    {\n      "SPDXID": "SPDXRef-%s",\n      "name": "%s",\n      "versionInfo": "%s",\n' "$1" "$1" "$2"
	printf '      "licenseConcluded": "%s",\n      "licenseDeclared": "%s",\n' "$3" "$3"
	printf '      "copyrightText": "NOASSERTION",\n      "downloadLocation": "NOASSERTION",\n'
	printf '      "filesAnalyzed": false\n    }'
}

cat <<END
{
  "spdxVersion": "SPDX-2.3",
  "dataLicense": "CC0-1.0",
  "SPDXID": "SPDXRef-DOCUMENT",
  "name": "kvmstall-$version",
  "documentNamespace": "https://spdx.org/spdxdocs/kvmstall-$version-$epoch",
  "creationInfo": {
    "created": "$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ)",
    "creators": ["Tool: kvmstall-scripts-sbom.sh"]
  },
  "packages": [
END
package kvmstall "$version" GPL-2.0-only
for library; do
	printf ',\n'
	package "$library" "$("$pkg_config" --modversion "$library" 2>/dev/null || echo NOASSERTION)" NOASSERTION
done
cat <<'END'

  ],
  "relationships": [
END
printf '    {"spdxElementId": "SPDXRef-DOCUMENT", "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-kvmstall"}'
for library; do
	printf ',\n    {"spdxElementId": "SPDXRef-kvmstall", "relationshipType": "DEPENDS_ON", "relatedSpdxElement": "SPDXRef-%s"}' \
		"$library"
done
printf '\n  ]\n}\n'
