// The parts of the library one by one:
//   dotnet run -c Release --project bench/Micro -- --filter '*'
// In this process: BenchmarkDotNet would otherwise look for a project file named like the assembly, and build it anew.
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

Job job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
