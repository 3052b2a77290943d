//! A Lua service, as the kernel sees it.

use std::sync::Arc;

use skyloom_abi::ExitReason;
use skyloom_kernel::{Context, Envelope, Interrupt, Service, Spawn, Start, StartError};

use crate::home::{Home, Script};
use crate::raw::{Gate, Vm, tells_lives};

/// A script about to run, or its VM.
#[derive(Debug)]
struct LuaService {
    home: Arc<Home>,
    script: Script,
    args: Vec<String>,
    /// How the stall watcher gets at a script that does not return.
    gate: Arc<Gate>,
    /// Made on the worker that starts it, so that many services start on many workers.
    vm: Option<Vm>,
}

/// Makes a service that can be spawned.
pub(crate) fn spawn(home: &Arc<Home>, script: Script, args: Vec<String>) -> Spawn {
    let (script, args) = split(script, args);
    // Skynet's own: what looks at services takes it for "written in Lua".
    let mut label = match &script {
        Script::Named(name) | Script::Text { name, .. } => format!("snlua {name}"),
        Script::File(path) => format!("snlua {}", path.display()),
    };
    for arg in &args {
        label.push(' ');
        label.push_str(arg);
    }
    let gate = Arc::new(Gate::new(&home.workers));
    Spawn::new(label, Box::new(LuaService { home: Arc::clone(home), script, args, gate, vm: None }))
}

/// Skynet's `start = "main a b"`: arguments may follow a name after blanks.
fn split(script: Script, args: Vec<String>) -> (Script, Vec<String>) {
    let Script::Named(line) = script else { return (script, args) };
    let mut words = line.split_whitespace().map(String::from);
    let name = words.next().unwrap_or_default();
    let args = words.chain(args).collect();
    (Script::Named(name), args)
}

impl Service for LuaService {
    fn start(&mut self, ctx: &mut Context<'_>) -> Result<Start, StartError> {
        let vm = Vm::new(&self.home, &self.gate, ctx).ok_or_else(|| StartError::new("no memory for a Lua VM"))?;
        let vm = self.vm.insert(vm);
        let args = std::mem::take(&mut self.args);
        if tells_lives(ctx) {
            ctx.report(&format!("LAUNCH {}", ctx.label()));
        }
        match vm.start(ctx, &self.script, &args) {
            Some(Ok(())) => Ok(Start::Ready),
            Some(Err(why)) => Err(StartError::new(why)),
            None => Ok(Start::Later),
        }
    }

    #[inline]
    fn handle(&mut self, ctx: &mut Context<'_>, message: Envelope) {
        if let Some(vm) = &mut self.vm {
            vm.receive(ctx, message);
        }
    }

    fn interrupt(&self) -> Option<Arc<dyn Interrupt>> {
        let gate: Arc<dyn Interrupt> = self.gate.clone();
        Some(gate)
    }

    fn retire(&mut self, ctx: &mut Context<'_>, reason: &ExitReason) {
        if let Some(mut vm) = self.vm.take() {
            vm.retire(ctx, reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_may_follow_the_name() {
        let (script, args) = split(Script::Named("main a  b".into()), vec!["c d".into()]);
        assert_eq!(script, Script::Named("main".into()));
        assert_eq!(args, ["a", "b", "c d"], "but what was given as one stays one");
    }
}
