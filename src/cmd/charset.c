// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/charset.h"

#include <langinfo.h>
#include <locale.h>
#include <string.h>

/* Asked of a locale of its own: nothing else is to depend on the user's. */
bool charset_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool is_utf8;

	if (!locale)
		return false;
	is_utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return is_utf8;
}
