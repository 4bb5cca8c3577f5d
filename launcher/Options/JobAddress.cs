using System.CommandLine;
using System.Net;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Launcher.Options;

/// <summary>The options that name a job at a coordinator somewhere, and a look at whether it is there.</summary>
internal sealed class JobAddress
{
    private readonly Option<string> _seed =
        new("--seed") { HelpName = "HOST:PORT", Description = "The coordinator's address, as boxer seed printed it" };
    private readonly Option<string> _job = new("--job") { HelpName = "ID", Description = "Id of the job" };
    private readonly Option<string> _tokenFile =
        new("--token-file") { HelpName = "F", Description = "File with the job's token in hex  [default: BOXER_TOKEN]" };
    private readonly Option<string> _patience = new("--connect-timeout")
    {
        HelpName = "S",
        Description = "How long to try to reach the coordinator  [default: 10]",
    };

    public JobAddress(Command command)
    {
        command.Add(_seed);
        command.Add(_job);
        command.Add(_tokenFile);
        command.Add(_patience);
    }

    /// <summary>What joining takes.</summary>
    public JoinOptions Read(ParseResult parsed)
    {
        string address = parsed.GetValue(_seed) ?? throw new UsageException(
            "--seed is missing: where is the coordinator?", "give the address that boxer seed printed");
        string job = parsed.GetValue(_job) ?? throw new UsageException(
            "--job is missing: which job?", "give the id that boxer seed printed");
        EndPoint seed;
        try
        {
            seed = Addresses.Parse(address);
        }
        catch (FormatException wrong)
        {
            throw new UsageException($"--seed {wrong.Message}", "give the address that boxer seed printed");
        }

        return new JoinOptions
        {
            Seed = seed,
            JobId = job,
            Token = Tokens.Read(parsed.GetValue(_tokenFile)),
            Timeout = OptionValues.Seconds("--connect-timeout", parsed.GetValue(_patience)) ?? TimeSpan.FromSeconds(10),
        };
    }

    /// <summary>Proves the token to the coordinator without joining, and returns the job's size.</summary>
    /// <exception cref="RendezvousException">It is not reached, does not know the job, or the token is wrong.</exception>
    public static async Task<int> ProbeAsync(JoinOptions join, CancellationToken cancellationToken)
    {
        (ControlChannel channel, AcceptedMessage job) = await ControlHandshake.OpenAsync(
            join.Target, _ => new MessageWriter(ControlKind.Follow).ReserveProof(), cancellationToken);
        channel.Dispose();
        return job.Size;
    }
}
