// SPDX-License-Identifier: GPL-2.0-only
//
// FILE...: the examples of contrib/kubernetes, decoded into Kubernetes' and the operator's own types. A field that
// is not known, is there twice, or is of another type, is an error; so are ports and selectors that do not meet.
package main

import (
	"errors"
	"fmt"
	"os"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apps "k8s.io/api/apps/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

var (
	daemons  []apps.DaemonSet
	monitors []monitoring.PodMonitor
)

// As the API server does it: names of fields are as they are written.
func decode(text []byte, into any) error {
	asJSON, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return err
	}
	wrong, err := json.UnmarshalStrict(asJSON, into)
	return errors.Join(append(wrong, err)...)
}

func read(path string) error {
	var kind meta.TypeMeta

	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(text, &kind); err != nil {
		return err
	}
	switch kind.APIVersion + " " + kind.Kind {
	case "apps/v1 DaemonSet":
		var daemon apps.DaemonSet
		err = decode(text, &daemon)
		daemons = append(daemons, daemon)
	case "monitoring.coreos.com/v1 PodMonitor":
		var monitor monitoring.PodMonitor
		err = decode(text, &monitor)
		monitors = append(monitors, monitor)
	default:
		err = fmt.Errorf("what is %s %s?", kind.APIVersion, kind.Kind)
	}
	return err
}

func selects(selector *meta.LabelSelector, of map[string]string) bool {
	compiled, err := meta.LabelSelectorAsSelector(selector)
	return err == nil && !compiled.Empty() && compiled.Matches(labels.Set(of))
}

// What the API server would refuse a daemon for, or the kubelet a probe.
func judgeDaemon(daemon *apps.DaemonSet) error {
	template := daemon.Spec.Template
	ports := map[string]bool{}
	volumes := map[string]bool{}

	if !selects(daemon.Spec.Selector, template.Labels) {
		return fmt.Errorf("its selector is not of its pods")
	}
	for _, volume := range template.Spec.Volumes {
		volumes[volume.Name] = true
	}
	for _, container := range template.Spec.Containers {
		for _, port := range container.Ports {
			ports[port.Name] = port.ContainerPort > 0
		}
		for _, mount := range container.VolumeMounts {
			if !volumes[mount.Name] {
				return fmt.Errorf("there is no volume %s", mount.Name)
			}
		}
		if !ports[container.LivenessProbe.HTTPGet.Port.StrVal] || !ports[container.ReadinessProbe.HTTPGet.Port.StrVal] {
			return fmt.Errorf("a probe has a port that is not there")
		}
	}
	return nil
}

// A monitor that finds no pod, or no port, says nothing of it.
func judgeMonitor(monitor *monitoring.PodMonitor) error {
	for i := range daemons {
		template := daemons[i].Spec.Template
		if monitor.Namespace != daemons[i].Namespace || !selects(&monitor.Spec.Selector, template.Labels) ||
			template.Labels[monitor.Spec.JobLabel] == "" {
			continue
		}
		for _, endpoint := range monitor.Spec.PodMetricsEndpoints {
			for _, port := range template.Spec.Containers[0].Ports {
				if endpoint.Port != nil && *endpoint.Port == port.Name {
					return nil
				}
			}
		}
	}
	return fmt.Errorf("it finds no daemon")
}

func main() {
	failed := false
	say := func(name string, err error) {
		if err != nil {
			fmt.Printf("%s: %v\n", name, err)
			failed = true
		}
	}

	for _, path := range os.Args[1:] {
		say(path, read(path))
	}
	for i := range daemons {
		say("DaemonSet", judgeDaemon(&daemons[i]))
	}
	for i := range monitors {
		say("PodMonitor", judgeMonitor(&monitors[i]))
	}
	if failed || len(daemons) == 0 || len(monitors) == 0 {
		os.Exit(1)
	}
}
