package local

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
)

// An error that holds megabytes is read by nobody, and what failed is told last.
const errorOutputLimit = 16 << 10

// How long a cancelled program may take to clean up.
const gracePeriod = 10 * time.Second

// Logging says which of a program's streams are shown while it runs.
type Logging string

// The values of Logging.
const (
	LogStdout          Logging = "stdout"
	LogStderr          Logging = "stderr"
	LogStdoutAndStderr Logging = "stdoutAndStderr"
	NoLogging          Logging = "none"
)

// Values gives the schema the values of Logging.
func (Logging) Values() []infer.EnumValue[Logging] {
	return []infer.EnumValue[Logging]{
		{Name: "stdout", Value: LogStdout, Description: "Show stdout only"},
		{Name: "stderr", Value: LogStderr, Description: "Show stderr only"},
		{Name: "stdoutAndStderr", Value: LogStdoutAndStderr, Description: "Show both streams"},
		{Name: "none", Value: NoLogging, Description: "Show nothing"},
	}
}

// run runs a command line and puts what it leaves behind into the result, which holds that of the program before.
func (s *Process) run(ctx context.Context, command string, result *Result) error {
	args := []string{"/bin/sh", "-c"}
	if s.Interpreter != nil && len(*s.Interpreter) > 0 {
		args = *s.Interpreter
	}
	args = append(args[:len(args):len(args)], command)

	program := exec.CommandContext(ctx, args[0], args[1:]...)
	if s.Dir != nil {
		program.Dir = *s.Dir
	}
	program.Env = s.environment(result)
	if s.Stdin != nil {
		program.Stdin = strings.NewReader(*s.Stdin)
	}
	// A shell's children would go on when only the shell is killed.
	program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	program.Cancel = func() error { return syscall.Kill(-program.Process.Pid, syscall.SIGTERM) }
	program.WaitDelay = gracePeriod

	var stdout, stderr bytes.Buffer
	var both tail
	stdoutLog, stderrLog := s.shown(ctx)
	program.Stdout = io.MultiWriter(&stdout, &both, stdoutLog)
	program.Stderr = io.MultiWriter(&stderr, &both, stderrLog)

	err := program.Run()
	stdoutLog.flush()
	stderrLog.flush()
	if ctx.Err() != nil && program.Process != nil {
		// Whoever ignored the polite request.
		_ = syscall.Kill(-program.Process.Pid, syscall.SIGKILL)
	}
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, command, both.String())
	}
	result.Stdout = strings.TrimSuffix(stdout.String(), "\n")
	result.Stderr = strings.TrimSuffix(stderr.String(), "\n")
	return s.collect(result)
}

func (s *Process) environment(previous *Result) []string {
	environment := os.Environ()
	if s.Environment != nil {
		for name, value := range *s.Environment {
			environment = append(environment, name+"="+value)
		}
	}
	if s.AddPreviousOutputInEnv == nil || *s.AddPreviousOutputInEnv {
		if previous.Stdout != "" {
			environment = append(environment, "PULUMI_COMMAND_STDOUT="+previous.Stdout)
		}
		if previous.Stderr != "" {
			environment = append(environment, "PULUMI_COMMAND_STDERR="+previous.Stderr)
		}
	}
	return environment
}

func (s *Process) shown(ctx context.Context) (stdout, stderr *lineLogger) {
	logging := LogStdoutAndStderr
	if s.Logging != nil {
		logging = *s.Logging
	}
	logger := p.GetLogger(ctx)
	show := func(alone Logging) *lineLogger {
		if logging != alone && logging != LogStdoutAndStderr {
			return &lineLogger{write: func(string) {}}
		}
		return &lineLogger{write: func(line string) { logger.Info(line) }}
	}
	return show(LogStdout), show(LogStderr)
}

// lineLogger hands whole lines on, as the engine shows each message on a line of its own.
type lineLogger struct {
	write func(string)
	rest  []byte
}

func (l *lineLogger) Write(data []byte) (int, error) {
	l.rest = append(l.rest, data...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(data), nil
		}
		l.write(strings.TrimRight(string(line), "\r"))
		l.rest = rest
	}
}

func (l *lineLogger) flush() {
	if len(l.rest) > 0 {
		l.write(string(l.rest))
	}
}

// tail keeps the end of what both streams write at once.
type tail struct {
	mutex   sync.Mutex
	kept    []byte
	dropped int
}

func (t *tail) Write(data []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, data...)
	if excess := len(t.kept) - errorOutputLimit; excess > 0 {
		t.dropped += excess
		t.kept = t.kept[excess:]
	}
	return len(data), nil
}

func (t *tail) String() string {
	if t.dropped == 0 {
		return string(t.kept)
	}
	// The first line is cut.
	_, whole, _ := bytes.Cut(t.kept, []byte("\n"))
	return fmt.Sprintf("… (%d bytes before)\n%s", t.dropped+len(t.kept)-len(whole), whole)
}
