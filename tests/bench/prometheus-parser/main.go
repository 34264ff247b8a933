// What Prometheus' own parsers make of pages, and what pages its tests are made of. Built and run by ../corpora.ts.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"strconv"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/textparse"
)

type page struct {
	ContentType string
	Bytes       []byte
}

type sample struct {
	Labels    map[string]string
	Value     string
	Timestamp *int64
}

type parsed struct {
	// Empty: none.
	Error   string
	Samples []sample
}

// With arguments: the texts in these Go files, one a line, as JSON. Else: a page a line in, what is read of it a line out.
func main() {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	encoder := json.NewEncoder(out)
	for _, file := range os.Args[1:] {
		for _, text := range textsOf(file) {
			must(encoder.Encode([]byte(text)))
		}
	}
	if len(os.Args) > 1 {
		return
	}
	decoder := json.NewDecoder(os.Stdin)
	for {
		var in page
		err := decoder.Decode(&in)
		if errors.Is(err, io.EOF) {
			return
		}
		must(err)
		must(encoder.Encode(parse(in)))
	}
}

// What was read before an error is kept.
func parse(in page) parsed {
	out := parsed{Samples: []sample{}}
	p, err := textparse.New(in.Bytes, in.ContentType, labels.NewSymbolTable(), textparse.ParserOptions{})
	if err != nil {
		out.Error = err.Error()
		return out
	}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			out.Error = err.Error()
			return out
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var read labels.Labels
		p.Labels(&read)
		// A scrape refuses it only after the parser.
		if name, twice := read.HasDuplicateLabelNames(); twice {
			out.Error = "label twice: " + name
			return out
		}
		_, at, value := p.Series()
		next := sample{Labels: read.Map(), Value: strconv.FormatFloat(value, 'g', -1, 64)}
		if at != nil {
			timestamp := *at
			next.Timestamp = &timestamp
		}
		out.Samples = append(out.Samples, next)
	}
}

func textsOf(file string) []string {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	must(err)
	texts := []string{}
	ast.Inspect(parsed, func(node ast.Node) bool {
		expression, ok := node.(ast.Expr)
		if !ok {
			return true
		}
		text, ok := textOf(expression)
		if ok {
			texts = append(texts, text)
		}
		return !ok
	})
	return texts
}

func textOf(expression ast.Expr) (string, bool) {
	switch of := expression.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(of.Value)
		return text, of.Kind == token.STRING && err == nil
	case *ast.BinaryExpr:
		left, isLeft := textOf(of.X)
		right, isRight := textOf(of.Y)
		return left + right, of.Op == token.ADD && isLeft && isRight
	}
	return "", false
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
