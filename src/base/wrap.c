// SPDX-License-Identifier: GPL-2.0-only
#include "base/wrap.h"

#include <string.h>

#include "base/str.h"

void wrap_add(struct str *out, const char *text, size_t indent, size_t width)
{
	size_t used = indent;

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t len = strcspn(text, " ");

		if (used > indent && used + 1 + len > width) {
			str_addc(out, '\n');
			str_pad(out, indent);
			used = indent;
		} else if (used > indent) {
			str_addc(out, ' ');
			used++;
		}
		str_addn(out, text, len);
		used += len;
		text += len;
	}
	str_addc(out, '\n');
}
