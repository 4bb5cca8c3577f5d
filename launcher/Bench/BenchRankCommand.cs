using System.CommandLine;

namespace BoxerMpi.Launcher.Bench;

/// <summary>What <c>boxer bench</c> starts on every rank: this same program, under a verb that the help does not list.</summary>
internal sealed class BenchRankCommand : Command
{
    public const string Verb = "bench-rank";

    public BenchRankCommand()
        : base(Verb, "One rank of boxer bench")
    {
        Hidden = true;
        BenchArguments arguments = new(this);
        SetAction(parsed => Run(arguments.Read(parsed)));
    }

    private static int Run(BenchOptions options) => MpiProgram.Run(world =>
    {
        options.Validate(world.Size);
        BenchRank rank = new(world, options);
        if (world.Rank != 0)
        {
            rank.Run(_ => { });
            return;
        }

        using StreamWriter? json = options.JsonFile is { } file ? new StreamWriter(file, append: false) { AutoFlush = true } : null;
        if (!options.Quiet)
            Console.WriteLine(BenchTable.Header(world));
        rank.Run(line =>
        {
            if (!options.Quiet)
                Console.WriteLine(BenchTable.Row(line));
            json?.WriteLine(line.ToJson());
        });
    });
}
