# Answers of a Prometheus about two groups of HOSTS hosts (7), as --save keeps them: SEED; SLOW: ms more a VM start in
# NEW; STOPPED, RESET, LATE, LOSES, IDLE, MIXED, MOVED: of NEW, so many hosts; CALLS: times as many calls in NEW; FORM:
# native or classic; LAST: end after this answer, of NEW with STATUS, TYPE and BODY.
function noise() { SEED = (SEED * 16807) % 2147483647; return SEED / 2147483647 }
function series(labels, value)
{
	vector = vector sep "{\"metric\":{\"job\":\"kvmstall\",\"instance\":\"" host "\"" labels "},\"value\":[1764115200,\"" value "\"]}"
	sep = ","
}
function answer(side, ask, status, type, body)
{
	printf "{\"side\":\"%s\",\"ask\":\"%s\",\"status\":%d,\"content_type\":\"%s\",\"location\":\"%s\",\"bytes\":%d}\n%s\n",
		side, ask, status, type, status == 301 ? "https://login.example.net/" : "", length(body), body
}
# about(SIDE, ASK, I): what host I says.
function about(side, ask, i,    kernel, ms, is_new)
{
	is_new = side == "new"
	host = side "-" i ":9879"
	kernel = is_new ? "6.18.5" : "6.17.9"
	ms = (is_new ? SLOW : 0) + 1 + 0.05 * noise()
	if (ask == "info") {
		if (is_new && i <= MIXED)
			kernel = "6.18.6"
		series(",\"kernel\":\"" kernel "\",\"hz\":\"250\",\"version\":\"0.1.0\",\"backend\":\"fentry\"", 1)
		if (is_new && i <= MOVED)
			series(",\"kernel\":\"6.18.4\",\"hz\":\"250\",\"version\":\"0.1.0\",\"backend\":\"fentry\"", 1)
		return
	}
	if (is_new && i <= STOPPED)
		return
	if (ask == "now")
		series("", 1)
	else if (ask == "resets")
		series("", is_new && i <= RESET ? 2 : 0)
	else if (ask == "vms")
		series("", 3)
	if (is_new && i <= LATE)
		return
	if (ask == "starts") {
		series(",\"kind\":\"run\"", is_new && i <= IDLE ? 5 : 199)
		series(",\"kind\":\"paused\"", 0)
	} else if (ask == "stalled")
		series("", 199 * ms / 1000)
	else if (ask == "stalls") {
		series(",\"call\":\"KVM_SET_USER_MEMORY_REGION\",\"cause\":\"gp-timer\"", 199 * (ms - 0.6) / 1000)
		series(",\"call\":\"KVM_SET_USER_MEMORY_REGION\",\"cause\":\"gp-work\"", 199 * 0.1 / 1000)
		series(",\"call\":\"close\",\"cause\":\"other-sleep\"", 199 * 0.5 / 1000)
	} else if (ask == "calls") {
		series(",\"file\":\"vm\"", 199 * 23 * (is_new ? CALLS : 1))
		series(",\"file\":\"vcpu\"", 199 * 7)
	} else if (ask == "lost")
		series("", is_new && i <= LOSES ? 0.05 : "NaN")
	else if (ask == "functions")
		series(",\"function\":\"kvm_io_bus_register_dev\"", 199 * (ms - 0.7) / 1000)
	else if (ask == FORM) {
		series(",\"q\":\"0.5\"", (19 + ms) / 1000)
		series(",\"q\":\"0.99\"", (31 + ms) / 1000)
	}
}
BEGIN {
	if (!HOSTS) HOSTS = 7
	if (!CALLS) CALLS = 1
	if (!FORM) FORM = "native"
	if (!SEED) SEED = 1
	printf "{\"kvmstall_fleet\":1,\"base\":\"kernel=\\\"6.17.9\\\"\",\"new\":\"kernel=~\\\"6.18.*\\\"\",\"over_s\":21600,\"until\":1764115200}\n"
	split("base new", sides, " ")
	asks = split("info now resets starts stalled stalls calls vms lost functions native classic", names, " ")
	for (s = 1; s <= 2; s++)
		for (a = 1; a <= asks; a++) {
			vector = sep = ""
			for (i = 1; i <= (s == 2 && NEW ? NEW : HOSTS); i++)
				about(sides[s], names[a], i)
			if (s == 2 && names[a] == LAST) {
				answer(sides[s], names[a], STATUS, TYPE, BODY)
				exit
			}
			answer(sides[s], names[a], 200, "application/json",
				"{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[" vector "]}" \
				(WARNS && names[a] == "now" ? ",\"warnings\":[\"one store is not there\"]" : "") "}")
		}
}
