package transporttest

// checks lists every check, by what it is about.
func checks() []check {
	var all []check
	for _, group := range [][]check{
		callChecks(), completionChecks(), timeChecks(), boundChecks(), laneChecks(),
		handlerChecks(), failureChecks(), hostileChecks(), closeChecks(),
	} {
		all = append(all, group...)
	}
	return all
}
