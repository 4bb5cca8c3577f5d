using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace BoxerMpi.Launcher.Tests.Support;

/// <summary>An interactive shell with job control on a terminal of its own, and somebody who types and looks.</summary>
internal sealed class Terminal : IAsyncDisposable
{
    public const string Interrupt = "\x03", EndOfInput = "\x04", Suspend = "\x1a";

    private readonly Process _script;
    private readonly StringBuilder _screen = new();
    private readonly Task _reading;
    private TaskCompletionSource _news = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _seen;

    private Terminal(Process script)
    {
        _script = script;
        _reading = ReadAsync();
    }

    /// <summary>A shell whose variable <c>boxer</c> is the launcher's path. Skips the test where there is no terminal to be had.</summary>
    public static async Task<Terminal> OpenAsync()
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/script") || !File.Exists("/bin/bash"))
            Assert.Skip("takes script of util-linux and bash");
        ProcessStartInfo start = new("/usr/bin/script", ["-qec", "/bin/bash --norc --noprofile -i", "/dev/null"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        start.Environment["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "../../.."));
        start.Environment["boxer"] = Path.Combine(AppContext.BaseDirectory, "boxer");
        start.Environment["TERM"] = "dumb";
        start.Environment["PS1"] = "";
        Terminal terminal = new(Process.Start(start)!);

        // Only what is written shows, not what is typed.
        await terminal.TypeAsync("PS1=; bind 'set enable-bracketed-paste off'; stty -echo; set +o emacs; set +o vi; echo rea''dy\n");
        await terminal.SeeAsync("ready");
        return terminal;
    }

    public async Task TypeAsync(string keys)
    {
        await _script.StandardInput.WriteAsync(keys);
        await _script.StandardInput.FlushAsync();
    }

    /// <summary>Waits for a text behind all that has been seen before, and returns what came up to its end.</summary>
    public async Task<string> SeeAsync(string text)
    {
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(Boxer.Deadline);
        while (true)
        {
            Task news;
            lock (_screen)
            {
                string all = _screen.ToString();
                int at = all.IndexOf(text, _seen, StringComparison.Ordinal);
                if (at >= 0)
                {
                    string part = all[_seen..(at + text.Length)];
                    _seen = at + text.Length;
                    return part;
                }

                news = _news.Task;
            }

            try
            {
                await Task.WhenAny(news, _reading).WaitAsync(late.Token);
                if (_reading.IsCompleted && !news.IsCompleted)
                    Assert.Fail($"'{text}' did not come before the terminal closed. It had:\n{_screen}");
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"'{text}' did not come in time. The terminal had:\n{_screen}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The terminal hangs up, and the shell passes that on to its jobs.
        if (!_script.HasExited)
            _script.Kill();
        await _script.WaitForExitAsync();
        await _reading.WaitAsync(Boxer.Deadline);
        _script.Dispose();
    }

    private async Task ReadAsync()
    {
        char[] chunk = new char[4096];
        while (await _script.StandardOutput.ReadAsync(chunk) is > 0 and int count)
        {
            TaskCompletionSource news;
            lock (_screen)
            {
                _screen.Append(chunk, 0, count).Replace("\r\n", "\n");
                news = _news;
                _news = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            news.SetResult();
        }
    }
}
