using System.Diagnostics;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Jobs;
using BoxerMpi.Launching.Programs;
using BoxerMpi.NatLab;

namespace BoxerMpi.Launching.Places;

/// <summary>Ranks as processes of this machine, all of the job.</summary>
internal sealed class ProcessPlace : IPlace
{
    private readonly Func<ISite> _open;

    private ProcessPlace(Func<ISite> open) => _open = open;

    /// <summary>This machine as it is.</summary>
    public static ProcessPlace Local { get; } = new(static () => new LocalSite());

    /// <summary>Each rank on a host of a lab of its own.</summary>
    /// <inheritdoc cref="LabSite.Open"/>
    public static ProcessPlace NatLab(LabOptions options, string? prefix) => new(() => LabSite.Open(options, prefix));

    public Task<PreparedJob?> PrepareAsync(RunOptions options, CancellationToken cancellationToken)
    {
        // Read ends of two pipes and the coordinator's connection; files and the write end of a pipe where they are wanted.
        int descriptors = DescriptorNeed.Check(options.Size, 3 + (options.OutputFolder is null ? 0 : 2) + (options.Input.All ? 1 : 0));
        RankCommand command = ProgramLocator.Locate(options.Program, options.NativeAot, options.Configuration, options.Verbose);
        return Task.FromResult<PreparedJob?>(
            new(options.Size, descriptors, _ => Task.FromResult<IOpenPlace>(new OpenPlace(options, command, _open()))));
    }

    private sealed class OpenPlace(RunOptions options, RankCommand command, ISite site) : IOpenPlace
    {
        public JobSpec Spec => options.Job;

        public Seed StartSeed(SeedOptions seed) => site.StartSeed(seed);

        public IPlacedRanks Place(Seed seed, SeedJob job, JobSeat seat, Stopwatch clock) =>
            new ProcessRanks(options, command, site, seed, seat, clock);

        public ValueTask DisposeAsync()
        {
            site.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
