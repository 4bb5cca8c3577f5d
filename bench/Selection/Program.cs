// How good is the choice of algorithms? Every candidate is measured, then the chosen one is held against the best.
//   bench/selection.sh                                             all of it: jobs of 2 to 16 ranks on several topologies, and the report
//   boxer run -n 8 --no-tag bench/Selection measure FILE [OPS]     one job; adds its points to FILE, a JSON line each
//   dotnet run --project bench/Selection -- report FILE [MODEL]    the shares within 1.25 of the best
//   dotnet run --project bench/Selection -- fit FILE [MODEL]       the model whose choices and times fit best
//   dotnet run --project bench/Selection -- simulate RANKS [TOPOLOGY]   how long a shuffle takes to simulate, and in how much memory
using System.Diagnostics;
using System.Globalization;
using BoxerMpi;
using BoxerMpi.Bench.Selection;
using BoxerMpi.Schedules;

switch (args)
{
    case ["measure", { } file, .. { Length: <= 1 } operations]:
        return MpiProgram.Run(world => new Measurement(world, file, operations.Length == 0 ? null : operations[0].Split(',')).Run());
    case ["report", { } file, .. { Length: <= 1 } model]:
        Report.Write(Point.Load(file), LinkModels.Read(model.Length == 0 ? "local" : model[0]));
        return 0;
    case ["fit", { } file, .. { Length: <= 1 } model]:
        Console.Write(LinkModelText.Write(Fit.Improve(Point.Load(file), LinkModels.Read(model.Length == 0 ? "local" : model[0]))));
        return 0;
    case ["simulate", { } ranks, .. { Length: <= 1 } spec]:
        Simulate(Topology.Parse(spec.Length == 0 ? "grid" : spec[0], int.Parse(ranks, CultureInfo.InvariantCulture)));
        return 0;
    default:
        Console.Error.WriteLine("usage: measure FILE [OP,OP...] | report FILE [MODEL] | fit FILE [MODEL] | simulate RANKS [TOPOLOGY]");
        return 2;
}

static void Simulate(Topology topology)
{
    CollectiveAlgorithm algorithm = CollectiveAlgorithms.Find(Collective.AllToAll, topology.Kind == TopologyKind.Grid ? "grid" : "linear")!;
    CollectiveCall call = new() { Collective = Collective.AllToAll, Rank = 0, Size = topology.Size, Topology = topology, Bytes = 1024 };
    Stopwatch clock = Stopwatch.StartNew();
    SimulationResult result = Simulator.Run(topology.Size, rank => algorithm.Build(call with { Rank = rank }), LinkModels.Lambda);
    long peak = Process.GetCurrentProcess().PeakWorkingSet64 >> 20;
    Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{topology.Describe()}: {result.Messages:N0} messages, {result.Seconds * 1e3:0.0} ms of virtual time in {clock.Elapsed.TotalSeconds:0.0} s, {peak:N0} MiB"));
}
