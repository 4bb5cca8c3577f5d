using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Threading.Channels;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;

namespace BoxerMpi.Rendezvous.Tests;

/// <summary>Attendants: who starts ranks where the launcher cannot.</summary>
public class AttendTests
{
    [Fact]
    public async Task An_attendant_gets_a_rank_and_signals_and_tells_output_and_end()
    {
        Host host = new() { Answer = attendant => AttendanceAnswer.Run(attendant.Number - 4) };
        await using TestJob job = new(4, job: spec => spec with { Attendance = host });
        await using AttendanceClient client = await AttendanceClient.OpenAsync(Options(job, number: 7, "request-7"), job.Deadline);
        Assert.Equal((3, 4), (client.Rank, client.Size));
        Attendant attendant = await host.NextArrivedAsync(job);
        Assert.Equal((7, "request-7", "127.0.0.1"), (attendant.Number, attendant.Name, attendant.Address.Address.ToString()));

        byte[] text = RandomNumberGenerator.GetBytes(100_000); // more than one frame takes
        Assert.True(await client.WriteAsync(AttendedStream.Output, text));
        Assert.True(await client.WriteAsync(AttendedStream.Error, "oops\n"u8.ToArray()));
        attendant.Signal(15);
        attendant.Signal(9);
        Assert.Equal(15, await client.Signals.ReadAsync(job.Deadline));
        Assert.Equal(9, await client.Signals.ReadAsync(job.Deadline));

        AttendedExit exit = new(137, true, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(3), 4_000_000, TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(5));
        Assert.True(await client.ExitAsync(exit));
        Assert.Equal(exit, await host.NextExitAsync(job));
        Assert.Equal(text, host.Written(AttendedStream.Output));
        Assert.Equal("oops\n"u8.ToArray(), host.Written(AttendedStream.Error));
        Assert.Empty(host.LostReasons);
        Assert.False(client.Lost.IsCompleted);
        attendant.Signal(15); // too late, and no matter
    }

    [Fact]
    public async Task A_signal_that_comes_before_the_answer_is_not_lost()
    {
        Host host = new()
        {
            Answer = attendant =>
            {
                attendant.Signal(15);
                return AttendanceAnswer.Run(0);
            },
        };
        await using TestJob job = new(1, job: spec => spec with { Attendance = host });
        await using AttendanceClient client = await AttendanceClient.OpenAsync(Options(job), job.Deadline);
        Assert.Equal(15, await client.Signals.ReadAsync(job.Deadline));
    }

    [Fact]
    public async Task Attendants_that_are_not_needed_are_told_why()
    {
        Host host = new() { Answer = attendant => AttendanceAnswer.Reject($"number {attendant.Number} is not needed") };
        await using TestJob job = new(1, job: spec => spec with { Attendance = host });
        RendezvousException spare = await RejectedAsync(Options(job, number: 9));
        Assert.Equal((RendezvousFailure.JobFull, "number 9 is not needed"), (spare.Reason, spare.Message));
        Assert.Equal(RendezvousFailure.BadToken, (await RejectedAsync(Options(job) with { Token = TestJob.NewToken() })).Reason);
        Assert.Equal(RendezvousFailure.WrongJob, (await RejectedAsync(Options(job) with { JobId = "another" })).Reason);
        job.Job.Abort(3, "enough");
        RendezvousException late = await RejectedAsync(Options(job));
        Assert.Equal(RendezvousFailure.WrongJob, late.Reason);
        Assert.Contains("enough", late.Message, StringComparison.Ordinal);
        Assert.Empty(host.LostReasons);

        await using TestJob plain = new(1);
        await using (AttendanceClient any = await AttendanceClient.OpenAsync(Options(plain), plain.Deadline))
        {
            Assert.Equal(-1, any.Rank);
            Assert.True(await any.WriteAsync(AttendedStream.Output, "unread"u8.ToArray()));
            Assert.True(await any.ExitAsync(AnExit));
        }

        await plain.JoinAsync();
        Assert.Equal(RendezvousFailure.JobFull, (await RejectedAsync(Options(plain))).Reason);
        await plain.Seed.DisposeAsync();
        Assert.Equal(RendezvousFailure.Unreachable, (await RejectedAsync(Options(plain) with { Timeout = TimeSpan.FromMilliseconds(200) })).Reason);
    }

    [Fact]
    public async Task A_probe_is_answered_and_nobody_is_told()
    {
        Host host = new();
        await using TestJob job = new(1, job: spec => spec with { Attendance = host });
        await using (AttendanceClient probe = await AttendanceClient.OpenAsync(Options(job) with { Probe = true }, job.Deadline))
            Assert.Equal(-1, probe.Rank);
        Assert.Equal(RendezvousFailure.BadToken, (await RejectedAsync(Options(job) with { Probe = true, Token = TestJob.NewToken() })).Reason);
        Assert.Empty(host.All);
    }

    [Fact]
    public async Task An_attendant_that_goes_without_a_word_is_lost()
    {
        Host host = new();
        await using TestJob job = new(2, job: spec => spec with { Attendance = host });
        await using (AttendanceClient gone = await AttendanceClient.OpenAsync(Options(job), job.Deadline))
            await gone.WriteAsync(AttendedStream.Output, "last words"u8.ToArray());
        Assert.Contains("without telling", await host.NextLostAsync(job), StringComparison.Ordinal);
        Assert.Equal("last words", Encoding.UTF8.GetString(host.Written(AttendedStream.Output)));

        await using AttendanceClient dropped = await AttendanceClient.OpenAsync(Options(job), job.Deadline);
        (await host.NextArrivedAsync(job)).Drop("the launcher wants it no more");
        (await host.NextArrivedAsync(job)).Drop("the launcher wants it no more");
        Assert.Equal("the launcher wants it no more", await host.NextLostAsync(job));
        await dropped.Lost.WaitAsync(job.Deadline);
        Assert.False(await dropped.WriteAsync(AttendedStream.Output, "unheard"u8.ToArray()) && await dropped.ExitAsync(AnExit));

        using RawPeer odd = await RawPeer.AskAsync(job, new AttendMessage(1, "odd", false).Encode(), job.Job.Spec.Token, AttendMessages.Output((AttendedStream)3, "x"u8).ToArray());
        Assert.Contains("no stream 3", await host.NextLostAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_frozen_attendant_is_noticed()
    {
        Host host = new();
        await using TestJob job = new(
            1,
            seed: options => options with { HeartbeatInterval = TimeSpan.FromMilliseconds(50), HeartbeatTimeout = TimeSpan.FromMilliseconds(300) },
            job: spec => spec with { Attendance = host });
        using RawPeer frozen = await RawPeer.AskAsync(job, new AttendMessage(1, "frozen", false).Encode(), job.Job.Spec.Token);
        Assert.Contains("silent for 0.3 s", await host.NextLostAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_coordinator_is_noticed()
    {
        Host host = new();
        await using TestJob job = new(1, job: spec => spec with { Attendance = host });
        await using AttendanceClient client = await AttendanceClient.OpenAsync(Options(job), job.Deadline);
        job.Seed.RemoveJob(job.Job);
        await client.Lost.WaitAsync(job.Deadline);
        await client.Signals.Completion.WaitAsync(job.Deadline);
        Assert.False(await client.ExitAsync(AnExit));
        Assert.Contains("removed the job", await host.NextLostAsync(job), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_that_takes_no_more_holds_up_the_program_and_loses_nothing()
    {
        // Held for longer than silence may last; that is long enough for a heartbeat to come in time on a busy machine.
        TimeSpan silence = TimeSpan.FromSeconds(2);
        TaskCompletionSource release = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Host host = new() { Held = release.Task };
        await using TestJob job = new(
            1,
            seed: options => options with { HeartbeatInterval = TimeSpan.FromMilliseconds(50), HeartbeatTimeout = silence },
            job: spec => spec with { Attendance = host });
        await using AttendanceClient client = await AttendanceClient.OpenAsync(Options(job), job.Deadline);
        byte[] much = RandomNumberGenerator.GetBytes(32 * 1024 * 1024); // more than sockets hold
        long began = TimeProvider.System.GetTimestamp();
        Task<bool> writing = client.WriteAsync(AttendedStream.Output, much).AsTask();
        await job.UntilAsync(() => TimeProvider.System.GetElapsedTime(began) > 1.5 * silence, "time to pass");
        Assert.False(writing.IsCompleted);
        Assert.Empty(host.LostReasons);
        release.SetResult();
        Assert.True(await writing.WaitAsync(job.Deadline));
        Assert.True(await client.ExitAsync(AnExit));
        await host.NextExitAsync(job);
        Assert.Equal(SHA256.HashData(much), SHA256.HashData(host.Written(AttendedStream.Output)));
        Assert.Empty(host.LostReasons);
    }

    [Fact]
    public void Messages_of_attendants_read_back_and_bad_ones_are_refused()
    {
        AttendMessage attend = new(-5, "näme", true);
        byte[] body = attend.Encode().Finish()[(ControlFrame.PrefixBytes + Proof.Bytes)..].ToArray();
        Assert.Equal(attend, AttendMessage.Decode(body));
        byte[] exit = AttendMessages.Exit(AnExit)[ControlFrame.PrefixBytes..].ToArray();
        Assert.Equal(AnExit, AttendMessages.DecodeExit(exit));
        for (int length = 0; length < body.Length; length++)
            Assert.Throws<WireFormatException>(() => AttendMessage.Decode(body.AsSpan(0, length)));
        for (int length = 0; length < exit.Length; length++)
            Assert.Throws<WireFormatException>(() => AttendMessages.DecodeExit(exit.AsSpan(0, length)));
        Assert.Throws<WireFormatException>(() => AttendMessages.DecodeSignal([0, 0, 0, 0]));
        Assert.Throws<WireFormatException>(() => AttendMessages.DecodeOutput(Array.Empty<byte>(), out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => AttendanceAnswer.Run(-1));
    }

    private static AttendedExit AnExit => new(0, false, TimeSpan.FromSeconds(1), null, 1);

    private static AttendanceOptions Options(TestJob job, int number = 0, string name = "") => new()
    {
        Seed = job.Seed.EndPoint,
        JobId = job.Job.Spec.JobId,
        Token = job.Job.Spec.Token,
        Number = number,
        Name = name,
    };

    private static Task<RendezvousException> RejectedAsync(AttendanceOptions options) =>
        Assert.ThrowsAsync<RendezvousException>(async () => await AttendanceClient.OpenAsync(options, TestContext.Current.CancellationToken));

    /// <summary>Answers as told, and keeps what it hears.</summary>
    private sealed class Host : IAttendanceHost
    {
        private readonly Channel<Attendant> _arrived = Channel.CreateUnbounded<Attendant>();
        private readonly Channel<AttendedExit> _exits = Channel.CreateUnbounded<AttendedExit>();
        private readonly Channel<string> _lost = Channel.CreateUnbounded<string>();
        private readonly Dictionary<AttendedStream, MemoryStream> _written = new() { [AttendedStream.Output] = new(), [AttendedStream.Error] = new() };

        public Func<Attendant, AttendanceAnswer> Answer { get; init; } = _ => AttendanceAnswer.Run(0);

        public Task Held { get; init; } = Task.CompletedTask;

        public ConcurrentQueue<Attendant> All { get; } = new();

        public ConcurrentQueue<string> LostReasons { get; } = new();

        public AttendanceAnswer Arrived(Attendant attendant)
        {
            All.Enqueue(attendant);
            _arrived.Writer.TryWrite(attendant);
            return Answer(attendant);
        }

        public async ValueTask WroteAsync(Attendant attendant, AttendedStream stream, ReadOnlyMemory<byte> bytes)
        {
            await Held;
            lock (_written)
                _written[stream].Write(bytes.Span);
        }

        public void Exited(Attendant attendant, AttendedExit exit) => _exits.Writer.TryWrite(exit);

        public void Lost(Attendant attendant, string reason)
        {
            LostReasons.Enqueue(reason);
            _lost.Writer.TryWrite(reason);
        }

        public ValueTask<Attendant> NextArrivedAsync(TestJob job) => _arrived.Reader.ReadAsync(job.Deadline);

        public ValueTask<AttendedExit> NextExitAsync(TestJob job) => _exits.Reader.ReadAsync(job.Deadline);

        public ValueTask<string> NextLostAsync(TestJob job) => _lost.Reader.ReadAsync(job.Deadline);

        public byte[] Written(AttendedStream stream)
        {
            lock (_written)
                return _written[stream].ToArray();
        }
    }
}
