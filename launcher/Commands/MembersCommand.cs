using System.CommandLine;
using System.Text.Json;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Launcher.Options;
using BoxerMpi.Rendezvous;
using BoxerMpi.Transport;

namespace BoxerMpi.Launcher.Commands;

/// <summary><c>boxer members</c>: who has joined a job, one JSON object a line.</summary>
internal sealed class MembersCommand : Command
{
    // The present state comes at once and in one piece; what comes after a pause of this length has only just happened.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);

    private readonly JobAddress _address;
    private readonly Option<bool> _follow = new("--follow") { Description = "Goes on with what happens, until the job ends" };

    public MembersCommand()
        : base("members", "Shows the members of a job as newline-delimited JSON")
    {
        _address = new JobAddress(this);
        Add(_follow);
        SetAction(ExecuteAsync);
    }

    private async Task<int> ExecuteAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        JoinOptions join = _address.Read(parsed);
        bool follow = parsed.GetValue(_follow);
        using CancellationTokenSource pause = new(Timeout.InfiniteTimeSpan, RunningTime.Instance);
        using CancellationTokenSource quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, pause.Token);
        if (!follow)
        {
            // Reaching the coordinator may take longer than a pause; its errors come from here.
            await JobAddress.ProbeAsync(join, cancellationToken);
            pause.CancelAfter(Pause);
        }

        await using Stream output = Console.OpenStandardOutput();
        try
        {
            await foreach (MembershipEvent happened in MembershipFollower.FollowAsync(join.Target, quiet.Token))
            {
                byte[] line =
                    [.. JsonSerializer.SerializeToUtf8Bytes(MembershipLine.Of(happened), MembershipJson.Default.MembershipLine), (byte)'\n'];
                await output.WriteAsync(line, cancellationToken);
                await output.FlushAsync(cancellationToken);
                if (!follow)
                    pause.CancelAfter(Pause);
            }
        }
        catch (OperationCanceledException) when (!follow && !cancellationToken.IsCancellationRequested)
        {
            // All that there is has been shown.
        }

        return 0;
    }
}
