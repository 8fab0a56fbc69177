package experiment

import (
	"fmt"
	"slices"
	"strings"
)

// allowed names the setting, the value and what is allowed if one of its values is no
// word of the list.
func allowed[T ~string](setting string, words []T, values ...T) error {
	for _, v := range values {
		if !slices.Contains(words, v) {
			return fmt.Errorf("%s %q: allowed are %s", setting, v, names(words))
		}
	}
	return nil
}

func names[T ~string](list []T) string {
	var texts []string
	for _, name := range list {
		texts = append(texts, string(name))
	}
	return strings.Join(texts, ", ")
}
