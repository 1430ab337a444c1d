package local

import (
	"bufio"
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
)

// Logging says which of a program's streams are shown while it runs.
type Logging string

// Values gives the SDKs the names of Logging's values.
func (Logging) Values() []struct{ Name, Value string } { return nil }

const (
	logStdout          Logging = "stdout"
	logStderr          Logging = "stderr"
	logStdoutAndStderr Logging = "stdoutAndStderr"
)

// run runs a command line and keeps what it writes. The error holds what it wrote last.
func (s *State) run(ctx context.Context, command string, previous *State) error {
	args := []string{"/bin/sh", "-c"}
	if s.Interpreter != nil && len(*s.Interpreter) > 0 {
		args = *s.Interpreter
	}
	args = append(args[:len(args):len(args)], command)

	program := exec.CommandContext(ctx, args[0], args[1:]...)
	if s.Dir != nil {
		program.Dir = *s.Dir
	}
	program.Env = s.environment(previous)
	if s.Stdin != nil {
		program.Stdin = strings.NewReader(*s.Stdin)
	}
	// A shell's children would go on when only the shell is killed.
	program.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	program.Cancel = func() error { return syscall.Kill(-program.Process.Pid, syscall.SIGTERM) }
	program.WaitDelay = 10 * time.Second

	var stdout, stderr, both lockedBuffer
	outLog, errLog := s.shown(ctx)
	program.Stdout = io.MultiWriter(&stdout, &both, outLog)
	program.Stderr = io.MultiWriter(&stderr, &both, errLog)

	err := program.Run()
	outLog.flush()
	errLog.flush()
	s.Stdout = strings.TrimSuffix(stdout.String(), "\n")
	s.Stderr = strings.TrimSuffix(stderr.String(), "\n")
	if err != nil {
		return fmt.Errorf("%w: running %q:\n%s", err, command, both.String())
	}
	return nil
}

func (s *State) environment(previous *State) []string {
	environment := os.Environ()
	if s.Environment != nil {
		for name, value := range *s.Environment {
			environment = append(environment, name+"="+value)
		}
	}
	if previous != nil && (s.AddPreviousOutputInEnv == nil || *s.AddPreviousOutputInEnv) {
		environment = append(environment,
			"PULUMI_COMMAND_STDOUT="+previous.Stdout, "PULUMI_COMMAND_STDERR="+previous.Stderr)
	}
	return environment
}

func (s *State) shown(ctx context.Context) (stdout, stderr *lineLogger) {
	logging := logStdoutAndStderr
	if s.Logging != nil {
		logging = *s.Logging
	}
	logger := p.GetLogger(ctx)
	show := func(on bool) *lineLogger {
		if !on {
			return &lineLogger{write: func(string) {}}
		}
		return &lineLogger{write: logger.Info}
	}
	return show(logging == logStdout || logging == logStdoutAndStderr),
		show(logging == logStderr || logging == logStdoutAndStderr)
}

// lineLogger hands whole lines on, as the engine shows each message on a line of its own.
type lineLogger struct {
	write func(string)
	rest  bytes.Buffer
}

func (l *lineLogger) Write(data []byte) (int, error) {
	l.rest.Write(data)
	for {
		line, err := bufio.NewReader(bytes.NewReader(l.rest.Bytes())).ReadString('\n')
		if err != nil {
			return len(data), nil
		}
		l.rest.Next(len(line))
		l.write(strings.TrimRight(line, "\r\n"))
	}
}

func (l *lineLogger) flush() {
	if l.rest.Len() > 0 {
		l.write(l.rest.String())
	}
}

// lockedBuffer is written by both streams at once.
type lockedBuffer struct {
	sync.Mutex
	bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.Lock()
	defer b.Unlock()
	return b.Buffer.Write(data)
}
